// SPDX-License-Identifier: Apache-2.0
// Trees of /proc, /sys and /dev as machines with NVIDIA GPUs have them.
#pragma once

#include <string>

#include "hardware/nvidia.hpp"
#include "support/temporary_folder.hpp"

namespace da3::test {

inline void add_pci(const TemporaryFolder& root, const std::string& bus, const std::string& driver,
                    const std::string& vendor = "0x10de", const std::string& device_class = "0x030200") {
  const std::string folder = "sys/bus/pci/devices/" + bus + "/";
  root.write(folder + "vendor", vendor + "\n");
  root.write(folder + "class", device_class + "\n");
  root.write(folder + "numa_node", "1\n");
  if (!driver.empty())
    std::filesystem::create_symlink("../../../../bus/pci/drivers/" + driver, root.path() / folder / "driver");
}

/// A server with one GPU and a loaded driver.
inline void add_driver(const TemporaryFolder& root, const std::string& version = "580.65.06") {
  root.write("proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  " +
                                               version +
                                               "  Release Build  (dvs-builder@U22)  Sun Jul 27 06:54:38 UTC "
                                               "2025\nGCC version:  gcc version 12.3.0\n");
  root.write("proc/sys/kernel/random/boot_id", "6b3c5e0e-5f0f-4c5e-9a55-9f2b4e6a8d11\n");
  for (const char* node : {"nvidia0", "nvidiactl", "nvidia-uvm"}) root.write(std::string("dev/") + node, "");
  add_pci(root, "0000:65:00.0", "nvidia");
}

}  // namespace da3::test
