// SPDX-License-Identifier: Apache-2.0
// What a manifest requires, held against machines that are not here.
#include "requirements.hpp"

#include <gmock/gmock.h>

namespace da3::detail {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Manifest manifest(const std::string& requirements) {
  return Manifest::from_text(
      "name: cuda\nid: a.b\nversion: 1.0.0\nabi: \"1.0\"\nlibrary: libda3_cuda.so\noptions: []\nrequires: {" +
          requirements + "}\n",
      "m");
}

const Manifest& cuda() {
  static const Manifest m =
      manifest("nvidia_driver: \"580\", cuda: \"13.0\", compute_capability: \"7.5,8.0,8.6,9.0\"");
  return m;
}

hardware::NvidiaFacts machine(const std::string& driver, int cuda_version,
                              std::vector<std::pair<int, int>> capabilities) {
  hardware::NvidiaFacts facts;
  facts.files.platform = hardware::NvidiaPlatform::linux_driver;
  facts.files.driver = driver;
  facts.cuda_version = cuda_version;
  facts.asked = true;
  for (const auto& [major, minor] : capabilities) {
    auto& device = facts.devices.emplace_back();
    device.name = "GPU";
    device.major = major, device.minor = minor;
  }
  return facts;
}

std::string unmet(const Manifest& m, const hardware::NvidiaFacts& nvidia,
                  const hardware::MetalFacts& metal = {}, const hardware::CpuFacts& cpu = {}) {
  Machine here(nvidia, metal, cpu);
  return unmet_requirement(m, here, true);
}

TEST(Requirements, NothingIsRequiredOfWhoAsksForNothing) { EXPECT_EQ(unmet(manifest(""), {}), ""); }

TEST(Requirements, AMachineThatFits) {
  EXPECT_EQ(unmet(cuda(), machine("580.65.06", 13000, {{8, 9}})), "");
  EXPECT_EQ(unmet(cuda(), machine("1000.1", 14020, {{6, 1}, {9, 0}})), "") << "one GPU of several";
}

TEST(Requirements, ADriverThatIsTooOld) {
  EXPECT_EQ(unmet(cuda(), machine("550.54.14", 12040, {{8, 9}})),
            "it needs NVIDIA driver 580 or later, this machine has 550.54.14; update the driver");
  EXPECT_THAT(unmet(cuda(), machine("", 12040, {{8, 7}})),
              AllOf(HasSubstr("CUDA 13.0 or later"), HasSubstr("this one is for CUDA 12.4")))
      << "WSL and Jetson tell no driver version";
  EXPECT_NE(unmet(manifest("nvidia_driver: 580.65.06"), machine("580.65.05", 13000, {{8, 0}})), "");
  EXPECT_EQ(unmet(manifest("nvidia_driver: 580.65.06"), machine("580.65.6", 13000, {{8, 0}})), "");
}

TEST(Requirements, AGpuThatIsTooOldOrTooNew) {
  EXPECT_THAT(unmet(cuda(), machine("580.65.06", 13000, {{6, 1}})),
              AllOf(HasSubstr("7.5,8.0,8.6,9.0"), HasSubstr("GPU has 6.1"), HasSubstr("; ")));
  EXPECT_THAT(unmet(cuda(), machine("580.65.06", 13000, {{11, 0}, {7, 0}})),
              HasSubstr("GPU has 11.0, GPU has 7.0"));
}

TEST(Requirements, WhatTheLadderFoundIsTheReason) {
  hardware::NvidiaFacts facts;
  facts.reason = "no NVIDIA GPU was found on this machine";
  EXPECT_EQ(unmet(cuda(), facts), facts.reason);
}

TEST(Requirements, FilesAreEnoughToRefuseAnOldDriver) {
  Machine here(machine("550.1", 0, {}), {}, {});
  EXPECT_THAT(unmet_requirement(cuda(), here, false), HasSubstr("550.1"));
}

TEST(Requirements, Metal) {
  const Manifest mps = manifest("metal: any, macos: \"14.4\"");
  hardware::MetalFacts mac{"14.10", {}, ""};
  EXPECT_EQ(unmet(mps, {}, mac), "") << "14.10 is later than 14.4";
  mac.macos = "14.3.1";
  EXPECT_EQ(unmet(mps, {}, mac), "it needs macOS 14.4 or later, this is 14.3.1; update macOS");
  mac = {"15.0", {}, "Metal shows no GPU"};
  EXPECT_EQ(unmet(mps, {}, mac), "Metal shows no GPU");
  EXPECT_EQ(unmet(mps, {}, {"", {}, "no Metal on this system"}), "no Metal on this system");
  EXPECT_EQ(unmet(manifest("macos: \"14.4\""), {}, {"", {}, "no Metal on this system"}),
            "it needs macOS 14.4 or later, which this is not");
}

TEST(Requirements, CpuFeatures) {
  const Manifest wants = manifest("cpu_features: \"avx2, fma\"");
  hardware::CpuFacts cpu;
  cpu.name = "An old CPU";
  cpu.features = {"avx2"};
  EXPECT_THAT(unmet(wants, {}, {}, cpu), AllOf(HasSubstr("An old CPU"), HasSubstr("lacks fma")));
  cpu.features.insert("fma");
  EXPECT_EQ(unmet(wants, {}, {}, cpu), "");
}

TEST(Requirements, UnknownOnesAreRefusedUnlessThePluginIsNewer) {
  const auto with = [](const std::string& abi) {
    return "name: x\nid: a.b\nversion: 1.0.0\nabi: \"" + abi +
           "\"\nlibrary: libda3_x.so\noptions: []\nrequires: {moon: full}\n";
  };
  EXPECT_THROW(Manifest::from_text(with("1.0"), "m"), Error);
  EXPECT_TRUE(Manifest::from_text(with("1.99"), "m").requirements.empty());
  EXPECT_THROW(manifest("cuda: [13]"), Error);
  EXPECT_THROW(manifest("cuda: \"\""), Error);
}

}  // namespace
}  // namespace da3::detail
