// SPDX-License-Identifier: Apache-2.0
// The first rung: what files say.
#include <gmock/gmock.h>

#include "machine_tree.hpp"

namespace da3::hardware {
namespace {

using test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;

NvidiaFacts by_files(const TemporaryFolder& root) {
  NvidiaQuery query;
  query.root = root.path();
  return read_nvidia(query);
}

TEST(NvidiaFiles, NothingIsNoGpu) {
  const TemporaryFolder root;
  EXPECT_EQ(by_files(root).reason, "no NVIDIA GPU was found on this machine");
  EXPECT_EQ(by_files(root).files.platform, NvidiaPlatform::none);
}

TEST(NvidiaFiles, ADriverAndItsGpu) {
  const TemporaryFolder root;
  test::add_driver(root);
  const NvidiaFacts facts = by_files(root);
  EXPECT_EQ(facts.reason, "");
  EXPECT_FALSE(facts.asked);
  EXPECT_EQ(facts.files.platform, NvidiaPlatform::linux_driver);
  EXPECT_EQ(facts.files.driver, "580.65.06");
  EXPECT_EQ(facts.driver_branch(), 580);
  ASSERT_EQ(facts.files.pci.size(), 1u);
  EXPECT_EQ(facts.files.pci[0].bus, "0000:65:00.0");
  EXPECT_EQ(facts.files.pci[0].driver, "nvidia");
  EXPECT_EQ(facts.files.pci[0].numa_node, 1);
}

TEST(NvidiaFiles, TheModulesOwnVersionIsPreferred) {
  const TemporaryFolder root;
  test::add_driver(root, "570.1");
  root.write("sys/module/nvidia/version", "580.95.05\n");
  EXPECT_EQ(by_files(root).files.driver, "580.95.05");
}

TEST(NvidiaFiles, TheProprietaryModulesLine) {
  const TemporaryFolder root;
  root.write("proc/driver/nvidia/version",
             "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n");
  EXPECT_EQ(by_files(root).files.driver, "535.104.05");
  root.write("proc/driver/nvidia/version", "nonsense without any number\n");
  EXPECT_EQ(by_files(root).files.driver, "");
}

TEST(NvidiaFiles, AGpuWithoutADriver) {
  const TemporaryFolder root;
  test::add_pci(root, "0000:01:00.0", "");
  EXPECT_THAT(by_files(root).reason, AllOf(HasSubstr("0000:01:00.0"), HasSubstr("driver is not loaded")));
}

TEST(NvidiaFiles, AGpuThatAnotherModuleHolds) {
  for (const char* module : {"nouveau", "vfio-pci"}) {
    const TemporaryFolder root;
    test::add_pci(root, "0000:01:00.0", module);
    EXPECT_THAT(by_files(root).reason, HasSubstr(std::string("held by the kernel module ") + module));
  }
}

TEST(NvidiaFiles, OtherFunctionsAndOtherVendorsAreNoGpu) {
  const TemporaryFolder root;
  test::add_pci(root, "0000:01:00.1", "snd_hda_intel", "0x10de", "0x040300");  // the card's sound
  test::add_pci(root, "0000:02:00.0", "amdgpu", "0x1002", "0x030000");
  EXPECT_EQ(by_files(root).reason, "no NVIDIA GPU was found on this machine");
}

TEST(NvidiaFiles, WslHasNoProcDriver) {
  const TemporaryFolder root;
  root.write("dev/dxg", "");
  EXPECT_THAT(by_files(root).reason, HasSubstr("Windows side"));
  root.write("usr/lib/wsl/lib/libcuda.so.1", "");
  EXPECT_EQ(by_files(root).files.platform, NvidiaPlatform::wsl);
  EXPECT_EQ(by_files(root).reason, "");
}

TEST(NvidiaFiles, JetsonIsNotOnThePciBus) {
  const TemporaryFolder root;
  root.write("proc/device-tree/compatible",
             std::string("nvidia,p3737-0000+p3701-0005\0nvidia,p3701-0005\0nvidia,tegra234\0", 63));
  const NvidiaFacts facts = by_files(root);
  EXPECT_EQ(facts.files.platform, NvidiaPlatform::jetson);
  EXPECT_EQ(facts.files.module, "tegra234");
  EXPECT_EQ(facts.reason, "");
}

TEST(NvidiaFiles, AContainerHasDeviceFilesOnly) {
  const TemporaryFolder root;
  root.write("dev/nvidia0", "");
  root.write("dev/nvidiactl", "");
  EXPECT_EQ(by_files(root).files.platform, NvidiaPlatform::linux_driver);
}

TEST(NvidiaCapabilities, CodeRunsOnItsOwnMajor) {
  NvidiaDevice device;
  const auto runs = [&](int major, int minor) {
    device.major = major, device.minor = minor;
    return runs_on({"7.5", "8.0", "8.6", "9.0", "10.0", "12.0"}, device);
  };
  for (auto [major, minor] :
       {std::pair{7, 5}, {8, 0}, {8, 6}, {8, 9}, {9, 0}, {10, 0}, {10, 3}, {12, 0}, {12, 1}})
    EXPECT_TRUE(runs(major, minor)) << major << '.' << minor;
  for (auto [major, minor] : {std::pair{6, 1}, {7, 0}, {7, 2}, {11, 0}, {13, 0}, {0, 0}})
    EXPECT_FALSE(runs(major, minor)) << major << '.' << minor;
  device.major = 8;
  EXPECT_FALSE(runs_on({"", "8", "x.y", ".", "8."}, device));
}

TEST(CudaErrors, EachHasASentenceWithItsNumberAndARemedy) {
  for (const auto& [code, words] : {std::pair{100, "CUDA_VISIBLE_DEVICES"},
                                    {803, "reboot after a driver update"},
                                    {804, "cuda-compat"},
                                    {999, "nvidia_uvm"},
                                    {802, "fabric"},
                                    {46, "exclusive mode"},
                                    {209, "no kernels"},
                                    {34, "stub"},
                                    {123456, "nvidia-smi"}})
    EXPECT_THAT(cuda_error_sentence(code),
                AllOf(HasSubstr(words), HasSubstr("CUDA error " + std::to_string(code)), HasSubstr("; ")));
}

TEST(ScanHelper, IsFoundFromLibraryAndPluginFolders) {
  const TemporaryFolder prefix;
  const auto helper = prefix.write("libexec/da3/da3-scan", "#!/bin/sh\n");
  std::filesystem::permissions(helper, std::filesystem::perms::owner_all);
  for (const char* folder :
       {"lib", "lib/x86_64-linux-gnu", "lib/da3/plugins-1", "lib/x86_64-linux-gnu/da3/plugins-1"})
    EXPECT_EQ(find_scan_helper(prefix.path() / folder), helper) << folder;
  EXPECT_EQ(find_scan_helper("/nonexistent/lib"), "");
  EXPECT_EQ(find_scan_helper(""), "");
}

}  // namespace
}  // namespace da3::hardware
