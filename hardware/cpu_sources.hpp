// SPDX-License-Identifier: Apache-2.0
// Where cpu.cpp gets its facts on each system.
#pragma once

#include "hardware/cpu.hpp"

namespace da3::hardware {

CpuFacts read_linux_cpu(const std::filesystem::path& root);
MemoryFacts read_linux_memory(const std::filesystem::path& root);
#if defined(__APPLE__)
CpuFacts read_macos_cpu();
MemoryFacts read_macos_memory();
#endif

}  // namespace da3::hardware
