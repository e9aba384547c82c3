// SPDX-License-Identifier: Apache-2.0
#include "cpu/capabilities.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace da3::cpu {
namespace {

int plain_cpus(const Capabilities& c) {
  return std::max(1, c.allowed_cpus > 0 ? c.allowed_cpus : c.online_cpus);
}

bool quota_decides(const Capabilities& c) {
  return c.quota_cpus > 0 && std::ceil(c.quota_cpus) < plain_cpus(c);
}

std::string cpus(int n) { return std::to_string(n) + (n == 1 ? " CPU" : " CPUs"); }

}  // namespace

bool Capabilities::native_int8() const {
  for (const char* feature : {"avx512_vnni", "avx_vnni", "amx_int8", "i8mm", "asimddp"})
    if (has(feature)) return true;
  return false;
}

int Capabilities::usable_cpus() const {
  return quota_decides(*this) ? std::max(1, static_cast<int>(std::ceil(quota_cpus))) : plain_cpus(*this);
}

std::string Capabilities::usable_reason() const {
  if (quota_decides(*this)) {
    char text[64];
    std::snprintf(text, sizeof text, "a cgroup quota of %.2g CPUs", quota_cpus);
    return text;
  }
  if (allowed_cpus > 0 && allowed_cpus < online_cpus)
    return cpus(allowed_cpus) + " of " + std::to_string(online_cpus) + " by affinity";
  return "the machine has " + cpus(plain_cpus(*this));
}

Capabilities read_capabilities() {
#if defined(__APPLE__)
  return read_macos_capabilities();
#else
  return read_linux_capabilities("/");
#endif
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

}  // namespace da3::cpu
