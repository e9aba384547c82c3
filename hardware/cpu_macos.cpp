// SPDX-License-Identifier: Apache-2.0
#if defined(__APPLE__)

#include <mach/mach.h>
#include <sys/sysctl.h>

#include "hardware/cpu_sources.hpp"

namespace da3::hardware {
namespace {

int64_t number(const char* name) {
  int64_t value = 0;
  size_t size = sizeof value;
  return sysctlbyname(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}

std::string text(const char* name) {
  char value[256] = "";
  size_t size = sizeof value - 1;
  return sysctlbyname(name, value, &size, nullptr, 0) == 0 ? value : "";
}

}  // namespace

/// macOS has neither affinity nor quotas.
CpuFacts read_macos_cpu() {
  CpuFacts c;
  c.name = text("machdep.cpu.brand_string");
  if (c.name.empty()) c.name = "CPU";
#if defined(__aarch64__)
  c.arm = true;
  c.features.insert("asimd");
  // The same names as Linux uses, so that the policy knows one language.
  if (number("hw.optional.arm.FEAT_FP16")) c.features.insert("asimdhp");
  if (number("hw.optional.arm.FEAT_BF16")) c.features.insert("bf16");
  if (number("hw.optional.arm.FEAT_I8MM")) c.features.insert("i8mm");
  if (number("hw.optional.arm.FEAT_DotProd")) c.features.insert("asimddp");
#else
  c.x86 = true;
  if (number("hw.optional.avx2_0")) c.features.insert("avx2");
  if (number("hw.optional.avx512f")) c.features.insert("avx512f");
#endif
  // Efficiency cores slow a parallel loop down to their pace.
  const int64_t performance = number("hw.perflevel0.logicalcpu");
  c.online = static_cast<int>(performance > 0 ? performance : number("hw.logicalcpu"));
  if (c.online < 1) c.online = 1;
  c.numa_node = 0;
  return c;
}

MemoryFacts read_macos_memory() {
  MemoryFacts memory;
  if (const int64_t bytes = number("hw.memsize")) memory.total = static_cast<uint64_t>(bytes);
  vm_statistics64_data_t pages{};
  mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
  if (host_statistics64(mach_host_self(), HOST_VM_INFO64, reinterpret_cast<host_info64_t>(&pages), &count) ==
      KERN_SUCCESS)
    memory.available =
        (uint64_t{pages.free_count} + pages.inactive_count) * static_cast<uint64_t>(vm_kernel_page_size);
  return memory;
}

}  // namespace da3::hardware

#endif
