// SPDX-License-Identifier: Apache-2.0
#include "loader/libtorch_guard.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "loader/library_file.hpp"
#include "loader/mapped_libraries.hpp"

namespace da3::loader {
namespace {

namespace fs = std::filesystem;

#if defined(__APPLE__)
constexpr const char* suffix = ".dylib";
#else
constexpr const char* suffix = ".so";
#endif

/// The two that carry operator registration and allocators: two of either in a process crash.
bool is_libtorch(const std::string& soname) {
  return soname.rfind(std::string("libtorch_cpu") + suffix, 0) == 0 ||
         soname.rfind(std::string("libc10") + suffix, 0) == 0;
}

std::vector<fs::path> system_folders() {
  std::vector<fs::path> folders = {"/usr/local/lib", "/lib", "/usr/lib", "/lib64", "/usr/lib64"};
#ifdef DA3_LIBRARY_ARCHITECTURE
  folders.push_back(fs::path("/usr/lib") / DA3_LIBRARY_ARCHITECTURE);
#endif
  return folders;
}

std::string list(const std::vector<fs::path>& folders) {
  std::string text;
  for (const fs::path& folder : folders) text += (text.empty() ? "" : ", ") + folder.string();
  return text.empty() ? "nowhere" : text;
}

}  // namespace

bool same_build(const fs::path& a, const fs::path& b) {
  std::error_code error;
  if (fs::equivalent(a, b, error) && !error) return true;
  const std::string id = build_id(a);
  return !id.empty() && id == build_id(b);
}

LibtorchGuard::LibtorchGuard(const fs::path& engine, const std::vector<fs::path>& more_folders) {
  const LibraryFile file = read_library(engine);
  searched_ = file.run_path;
  searched_.insert(searched_.end(), more_folders.begin(), more_folders.end());
  std::vector<fs::path> folders = searched_;
  const auto system = system_folders();
  folders.insert(folders.end(), system.begin(), system.end());
  for (const std::string& name : file.needed) {
    if (!is_libtorch(name)) continue;
    std::error_code error;
    const auto found = std::find_if(folders.begin(), folders.end(),
                                    [&](const fs::path& f) { return fs::exists(f / name, error); });
    if (found == folders.end())
      missing_.push_back(name);
    else
      expected_[name] = fs::canonical(*found / name, error);
  }
}

void LibtorchGuard::check_before() const {
  if (!missing_.empty())
    throw LibtorchConflict(
        missing_.front() + " was not found in " + list(searched_) +
        "; install the LibTorch package that belongs to it, or build with -DDA3_LIBTORCH=DIR");
  for (const auto& [name, wanted] : expected_)
    for (const MappedLibrary& mapped : mapped_libraries())
      if (mapped.soname == name && !same_build(mapped.path, wanted))
        throw LibtorchConflict(
            "this process already uses another LibTorch, " + mapped.path.string() +
            ", and the engine needs " + wanted.string() +
            "; two of them crash: run da3 in a process of its own, or build it with -DDA3_LIBTORCH for "
            "the one that is loaded");
}

void LibtorchGuard::check_after() const {
  for (const auto& [name, wanted] : expected_)
    for (const MappedLibrary& mapped : mapped_libraries())
      if (mapped.soname == name && !same_build(mapped.path, wanted))
        throw LibtorchConflict("it was bound to " + mapped.path.string() + " instead of " + wanted.string() +
                               "; take that folder out of LD_LIBRARY_PATH and LD_PRELOAD and start again");
}

std::string LibtorchGuard::redirection() const {
  const char* variable = std::getenv("LD_LIBRARY_PATH");
  std::istringstream folders(variable ? variable : "");
  std::error_code error;
  for (std::string folder; std::getline(folders, folder, ':');)
    for (const auto& [name, wanted] : expected_)
      if (const fs::path other = fs::path(folder) / name;
          fs::exists(other, error) && !same_build(other, wanted))
        return " (LD_LIBRARY_PATH leads to " + other.string() + " instead of " + wanted.string() +
               "; take that folder out of it and start again)";
  return {};
}

}  // namespace da3::loader
