// SPDX-License-Identifier: Apache-2.0
// What is remembered of the canary (plugins/torch/self_test): that it lived, for one device with its driver,
// one system, one build and one way of computing. Only good answers are remembered: a failure is looked at
// again each time, so that nothing has to be deleted when it was mended.
#pragma once

#include <da3/plugin.h>

#include <filesystem>
#include <functional>
#include <string>

#include "common/backend.hpp"

namespace da3::thin {

/// Everything that a verdict depends on, a line for each. device: as probe reports it. engine: its file.
std::string canary_key(const da3_device& device, const std::filesystem::path& engine,
                       const engine::Policy& policy);

/// Calls run unless it is known that it succeeded for this key: in this process, or in one that could write
/// into cache (empty: nothing is read and nothing written). Throws what run throws. A file that cannot be
/// written is no error. True: it was remembered.
bool pass_canary(const std::string& key, const std::filesystem::path& cache,
                 const std::function<void()>& run);

}  // namespace da3::thin
