// SPDX-License-Identifier: Apache-2.0
#include "cpu/probe.hpp"

namespace da3::cpu {
namespace {

constexpr uint32_t fp32 = 1, fp16 = 4, bf16 = 8, int8 = 16;
constexpr int32_t dl_cpu = 1;

/// 100 to 140, within the band of CPUs: how wide the matrix kernels can be.
int32_t score(const Capabilities& c) {
  if (c.has("amx_bf16")) return 140;
  if (c.has("avx512_bf16")) return 130;
  if (c.has("avx512f") || (c.arm && c.has("bf16"))) return 120;
  if (c.has("avx2") || c.has("asimd")) return 110;
  return 100;
}

}  // namespace

const char* arch_name(const Capabilities& c) {
  if (c.has("amx_bf16")) return "amx_bf16";
  if (c.has("avx512_bf16")) return "avx512_bf16";
  if (c.has("avx512f")) return "avx512";
  if (c.has("avx2")) return "avx2";
  if (c.arm) return c.has("bf16") ? "neon_bf16" : "neon";
  return c.x86 ? "x86_64" : "unknown";
}

da3_device device_record(const Capabilities& c) {
  da3_device d{};
  d.struct_size = sizeof d;
  d.dl_type = dl_cpu;
  d.score = score(c);
  d.precisions = fp32 | (c.native_float16() ? fp16 : 0) | (c.native_bfloat16() ? bf16 : 0) |
                 (c.native_int8() ? int8 : 0);
  d.mem_total = c.memory_total;
  d.mem_free = c.memory_available;
  d.numa_node = c.numa_node;
  d.name = c.name.c_str();
  d.arch = arch_name(c);
  return d;
}

}  // namespace da3::cpu
