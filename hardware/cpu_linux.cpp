// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "hardware/cgroup.hpp"
#include "hardware/cpu_sources.hpp"

namespace da3::hardware {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// "key   : value" -> value, when the line has that key.
bool value_of(const std::string& line, const char* key, std::string& value) {
  const size_t colon = line.find(':');
  if (colon == std::string::npos) return false;
  std::string name = line.substr(0, colon);
  name.erase(name.find_last_not_of(" \t") + 1);
  if (name != key) return false;
  const size_t start = line.find_first_not_of(" \t", colon + 1);
  value = start == std::string::npos ? "" : line.substr(start);
  return true;
}

/// Arm's kernel names no model; the cores that servers and boards have.
std::string arm_name(const std::string& part) {
  static constexpr struct {
    const char *part, *name;
  } cores[] = {{"0xd08", "Cortex-A72"},  {"0xd0b", "Cortex-A76"},  {"0xd0c", "Neoverse N1"},
               {"0xd40", "Neoverse V1"}, {"0xd49", "Neoverse N2"}, {"0xd4f", "Neoverse V2"}};
  for (const auto& core : cores)
    if (part == core.part) return std::string("Arm ") + core.name;
  return part.empty() ? "" : "Arm core " + part;
}

void read_cpuinfo(const fs::path& path, CpuFacts& c) {
  std::ifstream file(path);
  std::string part, features, value;
  int processors = 0;
  for (std::string line; std::getline(file, line);) {
    if (value_of(line, "processor", value)) ++processors;
    if (c.name.empty()) value_of(line, "model name", c.name);
    if (part.empty()) value_of(line, "CPU part", part);
    if (features.empty() && value_of(line, "flags", features)) c.x86 = true;
    if (features.empty() && value_of(line, "Features", features)) c.arm = true;
  }
  std::istringstream words(features);
  for (std::string word; words >> word;) c.features.insert(word);
  if (c.name.empty()) c.name = arm_name(part);
  if (c.name.empty()) c.name = "CPU";
  c.online = std::max(1, processors);
}

/// "0-3,8"; empty when it is not there or no such list.
std::string read_affinity(const fs::path& path) {
  std::ifstream file(path);
  std::string value;
  for (std::string line; std::getline(file, line);)
    if (value_of(line, "Cpus_allowed_list", value)) return parse_cpu_list(value).empty() ? "" : value;
  return {};
}

/// Node by CPU. Numbers of nodes may have gaps. By the kernel's list of them, since an iterator over the
/// folder ends the process where there is no memory.
std::map<int, int> read_nodes(const fs::path& folder) {
  std::map<int, int> nodes;
  std::vector<int> numbers = parse_cpu_list(first_line(folder / "has_cpu"));
  std::error_code error;
  const auto is_there = [&](size_t node) {
    return fs::is_directory(folder / ("node" + std::to_string(node)), error);
  };
  if (numbers.empty())
    while (is_there(numbers.size())) numbers.push_back(static_cast<int>(numbers.size()));
  for (int node : numbers)
    for (int cpu : parse_cpu_list(first_line(folder / ("node" + std::to_string(node)) / "cpulist")))
      nodes[cpu] = node;
  return nodes;
}

std::vector<CpuPlace> read_places(const fs::path& devices, const std::vector<int>& allowed) {
  const std::map<int, int> nodes = read_nodes(devices / "node");
  std::vector<CpuPlace> places;
  for (int cpu : allowed) {
    const fs::path topology = devices / "cpu" / ("cpu" + std::to_string(cpu)) / "topology";
    const std::vector<int> core = parse_cpu_list(first_line(topology / "thread_siblings_list"));
    const auto node = nodes.find(cpu);
    places.push_back({cpu, core.empty() ? cpu : core.front(), node == nodes.end() ? -1 : node->second});
  }
  return places;
}

int only_node(const std::vector<CpuPlace>& places) {
  if (places.empty()) return -1;
  const int node = places.front().node;
  return std::all_of(places.begin(), places.end(), [&](const CpuPlace& p) { return p.node == node; }) ? node
                                                                                                      : -1;
}

}  // namespace

CpuFacts read_linux_cpu(const fs::path& root) {
  CpuFacts c;
  read_cpuinfo(root / "proc/cpuinfo", c);
  c.allowed_list = read_affinity(root / "proc/self/status");
  c.allowed = parse_cpu_list(c.allowed_list);
  const auto online = parse_cpu_list(first_line(root / "sys/devices/system/cpu/online"));
  if (!online.empty()) {
    c.online = static_cast<int>(online.size());
    // The mask may name CPUs that are not plugged in.
    std::erase_if(c.allowed,
                  [&](int cpu) { return std::find(online.begin(), online.end(), cpu) == online.end(); });
  }
  c.places = read_places(root / "sys/devices/system", c.allowed);
  c.numa_node = only_node(c.places);
  c.quota = read_cgroup_limits(root).cpus;
  return c;
}

MemoryFacts read_linux_memory(const fs::path& root) {
  MemoryFacts memory;
  std::ifstream file(root / "proc/meminfo");
  std::string value;
  const auto bytes = [&] { return std::strtoull(value.c_str(), nullptr, 10) * 1024; };
  for (std::string line; std::getline(file, line);) {
    if (value_of(line, "MemTotal", value)) memory.total = bytes();
    if (value_of(line, "MemAvailable", value)) memory.available = bytes();
  }
  const CgroupLimits limits = read_cgroup_limits(root);
  memory.limit = limits.memory_limit;
  memory.available = std::min(memory.available, limits.memory_free);
  return memory;
}

}  // namespace da3::hardware
