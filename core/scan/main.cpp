// SPDX-License-Identifier: Apache-2.0
// da3-scan: the process in which code that nobody knows yet is asked about itself. Not for people: it answers
// on a descriptor of its own, see hardware/child.hpp.
//   da3-scan nvidia LIBRARY MILLISECONDS    the CUDA driver
//   da3-scan plugin LIBRARY MILLISECONDS any|system    one plugin: loads and probes it
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <da3/plugin_scan.hpp>
#include <string_view>

#include "hardware/child.hpp"
#include "hardware/nvidia.hpp"

int main(int argc, char** argv) {
  int milliseconds = 0;
  const std::string_view limit = argc >= 4 ? argv[3] : "", owner = argc == 5 ? argv[4] : "";
  const auto parsed = std::from_chars(limit.data(), limit.data() + limit.size(), milliseconds);
  const std::string_view what = argc >= 4 ? argv[1] : "";
  const bool is_nvidia = what == "nvidia" && argc == 4;
  const bool is_plugin = what == "plugin" && (owner == "any" || owner == "system");
  if (milliseconds <= 0 || parsed.ec != std::errc{} || (!is_nvidia && !is_plugin)) {
    std::fprintf(stderr, "da3-scan: a helper of da3; use \"da3-host devices\"\n");
    return 2;
  }
  da3::hardware::limit_own_life(std::chrono::milliseconds(milliseconds));
  int status = 0;
  if (is_nvidia)
    status = da3::hardware::ask_cuda_driver(argv[2], da3::hardware::answer_descriptor);
  else
    da3::scan_plugin(argv[2], owner == "any", [](std::string_view line) {
      while (!line.empty()) {
        const ssize_t n = ::write(da3::hardware::answer_descriptor, line.data(), line.size());
        if (n <= 0) return;
        line.remove_prefix(static_cast<size_t>(n));
      }
    });
  ::_exit(status);  // what the answer is about shall not spoil it on the way out
}
