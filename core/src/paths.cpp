// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <da3/paths.hpp>
#include <system_error>

#include "hardware/nvidia.hpp"
#include "secure_environment.hpp"

namespace da3 {
namespace fs = std::filesystem;

fs::path library_folder() {
  static const fs::path& folder = *new fs::path([] {
    Dl_info info{};
    std::error_code error;
    if (dladdr(reinterpret_cast<void*>(&library_folder), &info) == 0 || !info.dli_fname) return fs::path();
    return fs::canonical(info.dli_fname, error).parent_path();
  }());
  return folder;
}

fs::path plugin_folder() { return library_folder() / "da3" / "plugins-1"; }

fs::path share_folder() {
  // <prefix>/lib or, with multiarch, <prefix>/lib/<arch>.
  const fs::path lib = library_folder();
  std::error_code ignored;
  for (const fs::path& prefix : {lib.parent_path(), lib.parent_path().parent_path()})
    if (fs::is_directory(prefix / "share" / "da3", ignored)) return prefix / "share" / "da3";
  return lib.parent_path() / "share" / "da3";
}

fs::path scan_helper() { return hardware::find_scan_helper(library_folder()); }

fs::path plugin_cache_folder(const std::string& plugin_name) {
  std::error_code error;
  fs::path base;
  if (const char* own = detail::secure_environment("DA3_CACHE_DIR"); own && *own) {
    base = fs::absolute(own, error);
  } else if (const char* xdg = detail::secure_environment("XDG_CACHE_HOME"); xdg && *xdg == '/') {
    base = fs::path(xdg) / "da3";
  } else if (const char* home = detail::secure_environment("HOME"); home && *home == '/') {
    base = fs::path(home) / ".cache" / "da3";
  }
  if (error || base.empty()) return {};
  const fs::path folder = base / plugin_name;
  fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder, error) || ::access(folder.c_str(), W_OK | X_OK) != 0) return {};
  return folder;
}

}  // namespace da3
