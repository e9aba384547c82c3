// SPDX-License-Identifier: Apache-2.0
#include "process_facts.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#ifdef __APPLE__
#include <mach/mach.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#endif

namespace da3::bench {
namespace {

[[maybe_unused]] std::optional<uint64_t> status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key + ":")) return std::strtoull(line.c_str() + key.size() + 1, nullptr, 10) * 1024;
  return std::nullopt;
}

}  // namespace

#ifdef __APPLE__

std::optional<uint64_t> resident_memory() {
  mach_task_basic_info info{};
  mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
  if (task_info(mach_task_self(), MACH_TASK_BASIC_INFO, reinterpret_cast<task_info_t>(&info), &count) !=
      KERN_SUCCESS)
    return std::nullopt;
  return info.resident_size;
}

std::optional<uint64_t> peak_resident_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss);
}

bool reset_peak_resident() { return false; }

std::optional<double> milliseconds_since_start() {
  int query[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, getpid()};
  kinfo_proc process{};
  size_t size = sizeof process;
  if (sysctl(query, 4, &process, &size, nullptr, 0) != 0) return std::nullopt;
  timeval now{};
  gettimeofday(&now, nullptr);
  const timeval& start = process.kp_proc.p_starttime;
  return static_cast<double>(now.tv_sec - start.tv_sec) * 1e3 +
         static_cast<double>(now.tv_usec - start.tv_usec) / 1e3;
}

#else

std::optional<uint64_t> resident_memory() { return status_bytes("VmRSS"); }
std::optional<uint64_t> peak_resident_memory() { return status_bytes("VmHWM"); }

bool reset_peak_resident() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

std::optional<double> milliseconds_since_start() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');  // the name may hold spaces and brackets
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  constexpr int start_time = 22, after_name = 3;  // numbers of fields in proc(5)
  for (int i = after_name; i <= start_time; ++i)
    if (!(fields >> field)) return std::nullopt;
  timespec now{};
  if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) return std::nullopt;
  const double ticks = std::strtod(field.c_str(), nullptr);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6 -
         ticks * 1e3 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

#endif

PageFaults page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {static_cast<uint64_t>(usage.ru_minflt), static_cast<uint64_t>(usage.ru_majflt)};
}

double load_average() {
  double load = -1;
  return getloadavg(&load, 1) == 1 ? load : -1;
}

}  // namespace da3::bench
