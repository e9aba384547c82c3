// SPDX-License-Identifier: Apache-2.0
// Opens a backend's engine, and with it LibTorch, safely: see docs/loading-libtorch.md. Uses no LibTorch
// itself.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <engine_build_id.hpp>

#include "torch/engine_abi.hpp"

namespace da3::loader {

struct Request {
  std::filesystem::path engine;                ///< absolute path of the engine library
  std::string backend;                         ///< for messages: "cpu"
  std::string build_id = DA3_ENGINE_BUILD_ID;  ///< what the engine's table must say
  /// Where LibTorch may be beside the engine's own run path.
  std::vector<std::filesystem::path> libtorch_folders;
  bool deepbind = true;  ///< false only in tests that show what it is for
};

/// Opens the engine once per process (a second call returns the same table) and never unloads it. Throws
/// Error: DA3_E_NOT_FOUND no such file; DA3_E_UNAVAILABLE another LibTorch is in the process, was bound, or
/// the library does not load; DA3_E_ABI the engine is of another build; or what the engine's entry said.
const engine::Table& open_engine(const Request&);

}  // namespace da3::loader
