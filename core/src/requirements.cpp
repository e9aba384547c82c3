// SPDX-License-Identifier: Apache-2.0
#include "requirements.hpp"

#include <algorithm>
#include <da3/option_type.hpp>
#include <da3/paths.hpp>
#include <vector>

namespace da3::detail {
namespace {

std::vector<std::string> items(const std::string& list) {
  std::vector<std::string> all;
  for (std::string_view item : option_type::split(list, ','))
    if (item = option_type::trim(item); !item.empty()) all.emplace_back(item);
  return all;
}

/// Compares "580.65.06" and "580" number by number; missing ones are 0.
bool older(const std::string& version, const std::string& least) {
  const auto a = option_type::split(version, '.'), b = option_type::split(least, '.');
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const auto number = [i](const auto& parts) {
      return i < parts.size() ? option_type::parse_int(parts[i]).value_or(0) : 0;
    };
    // A leading zero is no octal: "06" is 6.
    if (number(a) != number(b)) return number(a) < number(b);
  }
  return false;
}

std::string cuda_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

const std::string* wanted(const Manifest& manifest, const char* name) {
  const auto found = manifest.requirements.find(name);
  return found == manifest.requirements.end() ? nullptr : &found->second;
}

std::string driver_problem(const Manifest& manifest, const hardware::NvidiaFacts& facts) {
  const std::string* driver = wanted(manifest, "nvidia_driver");
  if (driver && !facts.files.driver.empty() && older(facts.files.driver, *driver))
    return "it needs NVIDIA driver " + *driver + " or later, this machine has " + facts.files.driver +
           "; update the driver";
  const std::string* cuda = wanted(manifest, "cuda");
  if (cuda && facts.cuda_version > 0 && older(cuda_text(facts.cuda_version), *cuda))
    return "it needs a driver for CUDA " + *cuda + " or later, this one is for CUDA " +
           cuda_text(facts.cuda_version) + "; update the NVIDIA driver";
  return facts.reason;
}

std::string capability_problem(const Manifest& manifest, const hardware::NvidiaFacts& facts) {
  const std::string* list = wanted(manifest, "compute_capability");
  if (!list || facts.devices.empty()) return "";
  const std::vector<std::string> built_for = items(*list);
  std::string found;
  for (const hardware::NvidiaDevice& device : facts.devices) {
    if (hardware::runs_on(built_for, device)) return "";
    found += (found.empty() ? "" : ", ") + device.name + " has " + device.capability();
  }
  return "it is built for compute capability " + *list + ", but " + found +
         "; use another backend, or a build for that GPU";
}

std::string nvidia_problem(const Manifest& manifest, Machine& machine, bool ask_driver) {
  if (!wanted(manifest, "nvidia_driver") && !wanted(manifest, "cuda") &&
      !wanted(manifest, "compute_capability"))
    return "";
  if (const std::string problem = driver_problem(manifest, machine.nvidia_files()); !problem.empty())
    return problem;
  if (!ask_driver) return "";
  const std::string problem = driver_problem(manifest, machine.nvidia());
  return problem.empty() ? capability_problem(manifest, machine.nvidia()) : problem;
}

std::string metal_problem(const Manifest& manifest, Machine& machine) {
  const std::string *macos = wanted(manifest, "macos"), *metal = wanted(manifest, "metal");
  if (!macos && !metal) return "";
  const hardware::MetalFacts& here = machine.metal();
  // Where there is no macOS, no Metal says it all.
  if (macos && here.macos.empty() && !(metal && !here.reason.empty()))
    return "it needs macOS " + *macos + " or later, which this is not";
  if (macos && !here.macos.empty() && older(here.macos, *macos))
    return "it needs macOS " + *macos + " or later, this is " + here.macos + "; update macOS";
  return metal ? here.reason : "";
}

std::string cpu_problem(const Manifest& manifest, Machine& machine) {
  const std::string* features = wanted(manifest, "cpu_features");
  if (!features) return "";
  std::string missing;
  for (const std::string& feature : items(*features))
    if (!machine.cpu().features.contains(feature)) missing += (missing.empty() ? "" : ", ") + feature;
  return missing.empty() ? ""
                         : "it needs a CPU with " + *features + ", and this one (" + machine.cpu().name +
                               ") lacks " + missing + "; use another build of it";
}

}  // namespace

const hardware::NvidiaFacts& Machine::nvidia_files() {
  if (!files_) files_ = hardware::read_nvidia({});
  return *files_;
}

const hardware::NvidiaFacts& Machine::nvidia() {
  if (nvidia_) return *nvidia_;
  hardware::NvidiaQuery query;
  query.helper = scan_helper();
  if (nvidia_files().reason.empty() && !query.helper.empty())
    query.cache_folder = plugin_cache_folder("hardware");
  return nvidia_.emplace(hardware::read_nvidia(query));
}

const hardware::MetalFacts& Machine::metal() {
  if (!metal_) metal_ = hardware::read_metal();
  return *metal_;
}

const hardware::CpuFacts& Machine::cpu() {
  if (!cpu_) cpu_ = hardware::read_cpu();
  return *cpu_;
}

std::string unmet_requirement(const Manifest& manifest, Machine& machine, bool ask_driver) {
  if (manifest.requirements.empty()) return "";
  for (const std::string& problem : {nvidia_problem(manifest, machine, ask_driver),
                                     metal_problem(manifest, machine), cpu_problem(manifest, machine)})
    if (!problem.empty()) return problem;
  return "";
}

}  // namespace da3::detail
