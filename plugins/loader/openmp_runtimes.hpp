// SPDX-License-Identifier: Apache-2.0
// OpenMP runtimes of this process. Each keeps threads of its own, so with two of them a machine has twice as
// many threads as it has CPUs.
#pragma once

#include <string>
#include <vector>

#include "loader/mapped_libraries.hpp"

namespace da3::loader {

/// Those of the libraries that are OpenMP runtimes (GCC's, LLVM's, Intel's); two paths to one file count
/// once.
std::vector<MappedLibrary> openmp_runtimes(const std::vector<MappedLibrary>& libraries);

/// What is wrong and what to do where there is more than one; else empty.
std::string openmp_warning(const std::vector<MappedLibrary>& libraries);

}  // namespace da3::loader
