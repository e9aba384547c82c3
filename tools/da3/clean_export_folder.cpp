// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <da3/error.hpp>

#include "command_line.hpp"

namespace da3::front {
namespace fs = std::filesystem;
namespace {

/// Whether `inner` is `outer` or below it; both canonical.
bool holds(const fs::path& outer, const fs::path& inner) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

/// Folders whose loss nobody can want.
bool is_precious(const fs::path& folder, const fs::path& input) {
  std::error_code ignored;
  const fs::path real = fs::canonical(folder, ignored);
  const char* home = std::getenv("HOME");
  if (real.empty() || real == real.root_path()) return true;
  if (holds(real, fs::current_path(ignored)) || holds(real, fs::weakly_canonical(input, ignored)))
    return true;
  return home != nullptr && *home != '\0' && holds(real, fs::weakly_canonical(home, ignored));
}

}  // namespace

void clean_export_folder(const Words& words) {
  const fs::path folder = words.value("export-dir");
  std::error_code failed;
  if (!fs::is_directory(folder, failed) || fs::is_empty(folder, failed)) return;
  const std::string what = "the export folder \"" + folder.string() + "\" is not empty";
  if (words.value("auto-cleanup") != "true")
    throw Error(DA3_E_INVALID, what + "; empty it, choose another --export-dir, or give --auto-cleanup");
  if (is_precious(folder, words.input))
    throw Error(DA3_E_INVALID, what +
                                   " and --auto-cleanup does not empty it: it holds the input, the current "
                                   "folder or a home; choose another --export-dir");
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    fs::remove_all(entry.path(), failed);
    if (failed) break;
  }
  if (failed)
    throw Error(
        DA3_E_NOT_FOUND,
        "emptying \"" + folder.string() + "\" failed: " + failed.message() + "; check its permissions", 0, -1,
        failed.value());
}

}  // namespace da3::front
