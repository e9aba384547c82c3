// SPDX-License-Identifier: Apache-2.0
#include "hardware/cpu.hpp"

#include <charconv>

#include "hardware/cpu_sources.hpp"

namespace da3::hardware {

std::vector<std::string> CpuFacts::instruction_sets() const {
  static constexpr const char* known[] = {
      "sse4_2",   "avx",      "avx2",     "fma",         "f16c",        "avx512f",     "avx512bw",
      "avx512dq", "avx512vl", "avx_vnni", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile",
      "amx_int8", "amx_bf16", "amx_fp16", "asimd",       "asimdhp",     "asimddp",     "bf16",
      "i8mm",     "sve",      "sve2",     "svebf16",     "svei8mm",     "sme"};
  std::vector<std::string> list;
  for (const char* feature : known)
    if (features.count(feature)) list.emplace_back(feature);
  return list;
}

CpuFacts read_cpu(const std::filesystem::path& root) {
#if defined(__APPLE__)
  if (root == "/") return read_macos_cpu();
#endif
  return read_linux_cpu(root);
}

MemoryFacts read_memory(const std::filesystem::path& root) {
#if defined(__APPLE__)
  if (root == "/") return read_macos_memory();
#endif
  return read_linux_memory(root);
}

std::vector<int> parse_cpu_list(const std::string& text) {
  std::vector<int> list;
  const char *at = text.data(), *end = at + text.size();
  constexpr int most = 1 << 16;
  while (at < end && *at >= '0' && *at <= '9') {
    int first = 0;
    auto parsed = std::from_chars(at, end, first);
    if (parsed.ec != std::errc{}) return {};
    int last = first;
    if (parsed.ptr < end && *parsed.ptr == '-') {
      parsed = std::from_chars(parsed.ptr + 1, end, last);
      if (parsed.ec != std::errc{}) return {};
    }
    if (last < first || last >= most) return {};
    for (int cpu = first; cpu <= last; ++cpu) list.push_back(cpu);
    if (parsed.ptr < end && *parsed.ptr != ',' && *parsed.ptr != '\n') return {};
    at = parsed.ptr < end ? parsed.ptr + 1 : end;
  }
  return list;
}

}  // namespace da3::hardware
