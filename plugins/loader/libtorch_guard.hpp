// SPDX-License-Identifier: Apache-2.0
// One LibTorch per process, and the right one. The dynamic linker reuses a library that is already mapped
// under the same SONAME, whatever an engine's run path says, and LD_LIBRARY_PATH goes before a run path: look
// before and after.
#pragma once

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace da3::loader {

/// Why an engine may not be opened with the LibTorch that it would get: "why; what to do".
struct LibtorchConflict : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class LibtorchGuard {
 public:
  /// Finds the files that the engine was linked for: its run path, then more_folders, then the system's
  /// folders.
  LibtorchGuard(const std::filesystem::path& engine, const std::vector<std::filesystem::path>& more_folders);

  /// Throws when the process has mapped another LibTorch, or when the one wanted is nowhere.
  void check_before() const;
  /// Throws when the engine was bound to another file than the one wanted.
  void check_after() const;

  /// After a failed opening: " (LD_LIBRARY_PATH leads to ...)" when it names another LibTorch, else "".
  std::string redirection() const;

  /// SONAME -> file; empty for an engine that does not need LibTorch.
  const std::map<std::string, std::filesystem::path>& expected() const { return expected_; }

 private:
  std::map<std::string, std::filesystem::path> expected_;
  std::vector<std::string> missing_;
  std::vector<std::filesystem::path> searched_;
};

/// The same file (device and inode), or two files with the same non-empty build id.
bool same_build(const std::filesystem::path&, const std::filesystem::path&);

}  // namespace da3::loader
