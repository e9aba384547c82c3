// SPDX-License-Identifier: Apache-2.0
// The first rung: what /proc, /sys and /dev say about NVIDIA, without opening a device.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "hardware/nvidia.hpp"

namespace da3::hardware {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// A version like "580.65.06": digits and dots, at least one dot.
bool is_version(const std::string& word) {
  return word.find('.') != std::string::npos && word.front() != '.' &&
         word.find_first_not_of("0123456789.") == std::string::npos;
}

/// "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build ..." -> "580.65.06"
std::string driver_version(const fs::path& root) {
  const std::string of_module = first_line(root / "sys/module/nvidia/version");
  if (!of_module.empty() && is_version(of_module)) return of_module;
  std::ifstream file(root / "proc/driver/nvidia/version");
  std::string word;
  for (int words = 0; words < 64 && file >> word; ++words)
    if (is_version(word)) return word;
  return "";
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> all;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    all.push_back(entry->path());
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<NvidiaPciDevice> pci_devices(const fs::path& root) {
  std::vector<NvidiaPciDevice> found;
  for (const fs::path& device : entries(root / "sys/bus/pci/devices")) {
    if (first_line(device / "vendor") != "0x10de") continue;
    // Display controllers: 0300 VGA, 0302 3D. The audio and USB functions of the same card are not.
    if (!first_line(device / "class").starts_with("0x03")) continue;
    NvidiaPciDevice one;
    one.bus = device.filename().string();
    std::error_code error;
    one.driver = fs::read_symlink(device / "driver", error).filename().string();
    const std::string node = first_line(device / "numa_node");
    one.numa_node = node.empty() || node.front() == '-' ? -1 : std::atoi(node.c_str());
    found.push_back(std::move(one));
  }
  return found;
}

std::vector<std::string> device_nodes(const fs::path& root) {
  std::vector<std::string> nodes;
  for (const fs::path& node : entries(root / "dev")) {
    const std::string name = node.filename().string();
    if (name == "dxg" || (name.starts_with("nvidia") && name != "nvidia-caps")) nodes.push_back(name);
  }
  return nodes;
}

/// Jetson's device tree names its chip: "nvidia,p3737-0000+p3701-0005\0nvidia,tegra234\0".
std::string tegra_module(const fs::path& root) {
  std::ifstream file(root / "proc/device-tree/compatible", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const size_t at = text.find("nvidia,tegra");
  if (at == std::string::npos) return "";
  return text.substr(at + 7, text.find('\0', at) - at - 7);
}

}  // namespace

NvidiaFiles read_nvidia_files(const fs::path& root) {
  NvidiaFiles files;
  files.driver = driver_version(root);
  files.module = tegra_module(root);
  files.pci = pci_devices(root);
  files.nodes = device_nodes(root);
  std::error_code ignored;
  const bool has_dxg = std::count(files.nodes.begin(), files.nodes.end(), "dxg") != 0;
  // Windows' driver puts its library there; a WSL without an NVIDIA GPU has dxg, too.
  const bool wsl_library = fs::exists(root / "usr/lib/wsl/lib/libcuda.so.1", ignored);
  if (!files.module.empty())
    files.platform = NvidiaPlatform::jetson;
  else if (has_dxg && wsl_library)
    files.platform = NvidiaPlatform::wsl;
  else if (!files.driver.empty() || !files.pci.empty() ||
           std::any_of(files.nodes.begin(), files.nodes.end(), [](const auto& n) { return n != "dxg"; }))
    files.platform = NvidiaPlatform::linux_driver;
  return files;
}

}  // namespace da3::hardware
