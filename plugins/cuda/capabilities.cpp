// SPDX-License-Identifier: Apache-2.0
#include "cuda/capabilities.hpp"

#include <da3/option_type.hpp>

#include <cstdlib>

namespace da3::cuda {
namespace {

constexpr int cuda_needed = 13000, driver_needed = 580;

std::string version_text(int cuda) {
  return std::to_string(cuda / 1000) + "." + std::to_string(cuda % 1000 / 10);
}

/// Code for desktop GPUs does not run on a Jetson, whatever the numbers say.
bool runs_here(const Capabilities& c, const hardware::NvidiaDevice& device) {
  if (c.nvidia.files.platform != hardware::NvidiaPlatform::jetson)
    return hardware::runs_on(c.built_for, device);
  for (const std::string& one : c.built_for)
    if (one == device.capability()) return true;
  return false;
}

/// libcuda says what it speaks, also when a compatibility package stands in for an older driver.
std::string driver_trouble(const hardware::NvidiaFacts& facts) {
  const std::string& driver = facts.files.driver;
  const bool too_old = facts.cuda_version != 0 ? facts.cuda_version < cuda_needed
                                               : !driver.empty() && facts.driver_branch() < driver_needed;
  if (!too_old) return "";
  const std::string found = driver.empty() ? "the driver speaks CUDA " + version_text(facts.cuda_version)
                            : facts.cuda_version == 0
                                ? "driver " + driver + " is too old"
                                : "driver " + driver + " speaks CUDA " + version_text(facts.cuda_version);
  return found + ", CUDA " + version_text(cuda_needed) + " needs driver " + std::to_string(driver_needed) +
         " or later; update the driver, or use the cpu backend";
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

std::vector<std::string> set_variables() {
  std::vector<std::string> all;
  for (const char* name : {"NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
                           "CUBLAS_WORKSPACE_CONFIG", "CUDA_LAUNCH_BLOCKING", "PYTORCH_ALLOC_CONF"})
    if (const char* value = std::getenv(name)) all.push_back(std::string(name) + "=" + value);
  return all;
}

}  // namespace

std::vector<std::string> built_for() {
  std::vector<std::string> all;
  for (std::string_view one : option_type::split(DA3_CUDA_CAPABILITIES, ',')) all.emplace_back(one);
  return all;
}

std::string unusable(const Capabilities& c, const hardware::NvidiaDevice& device) {
  if (const std::string trouble = driver_trouble(c.nvidia); !trouble.empty()) return trouble;
  if (runs_here(c, device)) return "";
  const std::string start = device.name + " has compute capability " + device.capability() +
                            ", the engine carries code for " + joined(c.built_for);
  if (c.nvidia.files.platform == hardware::NvidiaPlatform::jetson)
    return start + ", and code for desktop GPUs does not run on a Jetson; build da3 there with " +
           "-DDA3_CUDA_CAPABILITIES=" + device.capability() + " and JetPack's LibTorch";
  return start + "; use the cpu backend, or build da3 with a LibTorch that has code for it";
}

std::string no_device(const Capabilities& c) {
  if (!c.nvidia.devices.empty()) return "";
  if (!c.nvidia.reason.empty()) return c.nvidia.reason;
  if (const std::string trouble = driver_trouble(c.nvidia); !trouble.empty()) return trouble;
  if (!c.nvidia.asked)
    return "the driver was not asked, because da3-scan is not installed; install da3's core package again";
  return hardware::cuda_error_sentence(100);
}

Capabilities read_capabilities(const std::filesystem::path& library_folder,
                               const std::filesystem::path& cache_folder) {
  Capabilities c;
  hardware::NvidiaQuery query;
  query.helper = hardware::find_scan_helper(library_folder);
  query.cache_folder = cache_folder;
  c.nvidia = hardware::read_nvidia(query);
  c.built_for = built_for();
  c.overrides = set_variables();
  return c;
}

}  // namespace da3::cuda
