// SPDX-License-Identifier: Apache-2.0
#include "loader/openmp_runtimes.hpp"

#include <algorithm>
#include <system_error>

namespace da3::loader {
namespace {

/// "libgomp.so.1", "libgomp-a34b3233.so.1" (in Python packages), "libiomp5.so", "libomp.dylib".
bool is_openmp(const std::string& soname) {
  for (const std::string name : {"libgomp", "libiomp5", "libomp"})
    if (soname.starts_with(name) && soname.size() > name.size() &&
        (soname[name.size()] == '.' || soname[name.size()] == '-'))
      return true;
  return false;
}

bool same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;
  return a == b || (std::filesystem::equivalent(a, b, error) && !error);
}

}  // namespace

std::vector<MappedLibrary> openmp_runtimes(const std::vector<MappedLibrary>& libraries) {
  std::vector<MappedLibrary> found;
  for (const MappedLibrary& library : libraries)
    if (is_openmp(library.soname) &&
        std::none_of(found.begin(), found.end(),
                     [&](const MappedLibrary& other) { return same_file(other.path, library.path); }))
      found.push_back(library);
  return found;
}

std::string openmp_warning(const std::vector<MappedLibrary>& libraries) {
  const std::vector<MappedLibrary> found = openmp_runtimes(libraries);
  if (found.size() < 2) return {};
  std::string list;
  for (const MappedLibrary& one : found) list += (list.empty() ? "" : ", ") + one.path.string();
  return "this process has " + std::to_string(found.size()) + " OpenMP runtimes (" + list +
         "): each has threads of its own, and runs are slower while both compute; build the other library "
         "for "
         "the same one, or run da3 in a process of its own (isolation: process)";
}

}  // namespace da3::loader
