// SPDX-License-Identifier: Apache-2.0
// What the cuda backend orders of its engine, on machines that are only written down. What it tells people is
// in tests/data/plans/cuda.txt.
#include <gmock/gmock.h>

#include "cuda/policy.hpp"
#include "cuda/probe.hpp"
#include "plugins/machine_record.hpp"

namespace da3 {
namespace {

using engine::Attention;
using engine::Precision;
using test::Decided;
using test::Settings;
using testing::HasSubstr;

constexpr int32_t cuda = 2;

Decided on(const std::string& machine, const Settings& settings = {}, int32_t index = 0,
           const Settings& changes = {}) {
  return test::decided(cuda::decide(cuda::assumed_capabilities(test::record(machine, changes)),
                                    test::options(settings), {cuda, index}));
}

std::string refused(int32_t code, const std::string& machine, const Settings& settings = {},
                    int32_t index = 0) {
  return test::refusal(code, [&] { on(machine, settings, index); });
}

struct Told {
  int32_t score;
  uint32_t flags, precisions;
  std::string reason, arch;
};

std::vector<Told> devices(const std::string& machine, const Settings& changes = {}) {
  std::vector<Told> all;
  cuda::tell_devices(cuda::assumed_capabilities(test::record(machine, changes)), [&](const da3_device& d) {
    all.push_back({d.score, d.flags, d.precisions, d.reason ? d.reason : "", d.arch ? d.arch : ""});
  });
  return all;
}

TEST(CudaPolicy, PrecisionFollowsTheCapability) {
  for (const auto& [machine, precision, head] : {std::tuple{"t4", Precision::float16, Precision::float32},
                                                 {"a100", Precision::bfloat16, Precision::tf32},
                                                 {"rtx3060", Precision::bfloat16, Precision::tf32},
                                                 {"rtx4090", Precision::bfloat16, Precision::tf32},
                                                 {"h100", Precision::bfloat16, Precision::tf32},
                                                 {"b200", Precision::bfloat16, Precision::tf32},
                                                 {"rtx5090", Precision::bfloat16, Precision::tf32},
                                                 {"a100-mig", Precision::bfloat16, Precision::tf32},
                                                 {"wsl", Precision::bfloat16, Precision::tf32},
                                                 {"orin-own-build", Precision::bfloat16, Precision::tf32}}) {
    const Decided d = on(machine);
    EXPECT_EQ(d.policy.precision, precision) << machine;
    EXPECT_EQ(d.policy.head_precision, head) << machine;
    EXPECT_EQ(d.warnings, std::vector<std::string>{}) << machine;
    const Decided off = on(machine, {{"mixed_precision", "off"}});
    EXPECT_EQ(off.policy.precision, Precision::float32) << machine;
    EXPECT_EQ(off.policy.head_precision, Precision::float32) << machine;
    EXPECT_EQ(off.policy.reduced_reductions, 0) << machine;
  }
  EXPECT_EQ(on("a100", {{"mixed_precision", "float16"}}).policy.precision, Precision::float16);
  EXPECT_EQ(on("a100", {{"mixed_precision", "off"}, {"head_precision", "tf32"}}).policy.head_precision,
            Precision::tf32)
      << "a setting of its own wins";
  EXPECT_EQ(on("t4", {{"head_precision", "tf32"}}).policy.head_precision, Precision::float32);
  EXPECT_THAT(on("t4", {{"head_precision", "tf32"}}).effective.at("head_precision.reason"),
              HasSubstr("no TF32"));
  EXPECT_EQ(on("a100", {{"head_precision", "float16"}}).warnings.size(), 1u);
}

TEST(CudaPolicy, WhatADeviceLacksIsRefusedWithWhatToUse) {
  EXPECT_THAT(refused(DA3_E_UNSUPPORTED, "t4", {{"mixed_precision", "bfloat16"}}), HasSubstr("use auto"));
  EXPECT_THAT(refused(DA3_E_UNSUPPORTED, "h100", {{"mixed_precision", "int8"}}), HasSubstr("int8"));
  EXPECT_THAT(refused(DA3_E_UNSUPPORTED, "t4", {{"cuda.attention", "flash"}}), HasSubstr("8.0"));
  EXPECT_THAT(refused(DA3_E_UNSUPPORTED, "a100", {{"cuda.attention", "flash"}, {"mixed_precision", "off"}}),
              HasSubstr("efficient"));
}

TEST(CudaPolicy, MachinesThatCannotBeUsed) {
  EXPECT_THAT(refused(DA3_E_UNAVAILABLE, "old-driver"), HasSubstr("needs driver 580"));
  EXPECT_THAT(refused(DA3_E_UNAVAILABLE, "old-gpu"), HasSubstr("compute capability 6.1"));
  EXPECT_THAT(refused(DA3_E_UNAVAILABLE, "orin"), HasSubstr("Jetson"));
  EXPECT_THAT(refused(DA3_E_UNAVAILABLE, "zen3"), HasSubstr("no NVIDIA GPU"));
  for (const char* machine : {"old-driver", "old-gpu", "orin", "zen3"}) {
    ASSERT_EQ(devices(machine).size(), 1u) << machine;
    EXPECT_EQ(devices(machine)[0].score, 0) << machine;
    EXPECT_NE(devices(machine)[0].reason, "") << machine;
  }
  // A compatibility package: the old driver speaks the new CUDA.
  EXPECT_GT(devices("old-driver", {{"nvidia.cuda", "13.0"}})[0].score, 0);
  EXPECT_EQ(devices("rtx3060", {{"nvidia.driver", "575.64"}, {"nvidia.cuda", "12.9"}})[0].score, 0);
}

TEST(CudaPolicy, CapabilitiesThatTheEngineHasCodeFor) {
  for (const auto& [capability, usable] : {std::pair{"7.0", false},
                                           {"7.2", false},
                                           {"7.5", true},
                                           {"8.0", true},
                                           {"8.6", true},
                                           {"8.7", true},
                                           {"8.9", true},
                                           {"9.0", true},
                                           {"10.0", true},
                                           {"10.3", true},
                                           {"11.0", false},
                                           {"12.0", true},
                                           {"12.1", true}})
    EXPECT_EQ(devices("a100", {{"nvidia.devices.0.capability", capability}})[0].score > 0, usable)
        << capability;
}

TEST(CudaPolicy, DevicesSayWhatTheyAre) {
  EXPECT_EQ(devices("a100-mig")[0].flags, 4u);
  EXPECT_EQ(devices("orin-own-build")[0].flags, 3u);
  EXPECT_LT(devices("orin-own-build")[0].score, 300) << "the band of integrated GPUs";
  EXPECT_EQ(devices("rtx4090")[0].arch, "sm_89");
  EXPECT_EQ(devices("t4")[0].precisions & 10u, 0u) << "neither TF32 nor bfloat16";
  EXPECT_EQ(devices("a100")[0].precisions & 10u, 10u);
  const auto two = devices("two-gpus");
  ASSERT_EQ(two.size(), 2u);
  EXPECT_GT(two[1].score, two[0].score);
}

TEST(CudaPolicy, DeviceByIndexUuidAndItsBeginning) {
  EXPECT_EQ(on("two-gpus", {}, 1).policy.dl_id, 1);
  EXPECT_EQ(on("two-gpus", {}, 1).policy.capability, 89);
  for (const char* name : {"1", "GPU-00004090-1111-2222-3333-444444444444", "gpu-00004090"})
    EXPECT_EQ(on("two-gpus", {{"cuda.device", name}}).policy.capability, 89) << name;
  const Decided t4 = on("two-gpus", {{"cuda.device", "GPU-00007475"}}, 1);
  EXPECT_EQ(t4.policy.dl_id, 0);
  EXPECT_EQ(t4.policy.device_uuid[2], 0x74);
  EXPECT_EQ(t4.policy.device_uuid[3], 0x75);
  EXPECT_EQ(t4.policy.precision, Precision::float16);
  EXPECT_EQ(on("a100-mig", {{"cuda.device", "MIG-000a1003"}}).effective.at("device_uuid").substr(0, 12),
            "MIG-000a1003");
  EXPECT_THAT(refused(DA3_E_NOT_FOUND, "two-gpus", {{"cuda.device", "2"}}), HasSubstr("there is 0 (GPU-"));
  EXPECT_THAT(refused(DA3_E_NOT_FOUND, "two-gpus", {{"cuda.device", "GPU-dead"}}), HasSubstr("no such"));
  EXPECT_THAT(refused(DA3_E_BAD_VALUE, "two-gpus", {{"cuda.device", "GPU-0000"}}), HasSubstr("2 UUIDs"));
  EXPECT_THAT(refused(DA3_E_NOT_FOUND, "two-gpus", {}, 5), HasSubstr("no such device"));
}

TEST(CudaPolicy, SeveralDevicesAreListedAndOneIsUsed) {
  const Decided all = on("two-gpus", {{"cuda.devices", "all"}}, 1);
  EXPECT_EQ(all.effective.at("devices"),
            "[GPU-00007475-1111-2222-3333-444444444444, GPU-00004090-1111-2222-3333-444444444444]");
  EXPECT_EQ(all.policy.dl_id, 1);
  EXPECT_EQ(all.warnings.size(), 1u) << "an optimizer works on one";
  const Decided named = on("two-gpus", {{"cuda.devices", "[1]"}});
  EXPECT_EQ(named.policy.dl_id, 1) << "the first of the list";
  EXPECT_THAT(refused(DA3_E_BAD_VALUE, "two-gpus", {{"cuda.devices", "[1, 1]"}}), HasSubstr("twice"));
  EXPECT_THAT(refused(DA3_E_NOT_FOUND, "two-gpus", {{"cuda.devices", "[0, 7]"}}), HasSubstr("no such"));
}

TEST(CudaPolicy, AttentionFollowsCapabilityAndPrecision) {
  EXPECT_EQ(on("a100").policy.attention, Attention::flash);
  EXPECT_EQ(on("t4").policy.attention, Attention::efficient);
  EXPECT_EQ(on("a100", {{"mixed_precision", "off"}}).policy.attention, Attention::efficient);
  EXPECT_EQ(on("a100", {{"cuda.attention", "efficient"}}).policy.attention, Attention::efficient);
  const Decided cudnn = on("h100", {{"cuda.attention", "cudnn"}});
  EXPECT_EQ(cudnn.policy.attention, Attention::cudnn);
  EXPECT_EQ(cudnn.warnings.size(), 1u) << "a plan for each shape stutters";
  EXPECT_EQ(on("h100", {{"cuda.attention", "cudnn"}, {"performance_mode", "max"}}).warnings.size(), 0u);
}

TEST(CudaPolicy, ModesAreDefaultsAndSettingsWin) {
  const Decided minimal = on("a100", {{"performance_mode", "minimal"}}), balanced = on("a100"),
                max = on("a100", {{"performance_mode", "max"}});
  EXPECT_EQ(minimal.policy.graphs, 0);
  EXPECT_EQ(balanced.policy.graphs, 0);
  EXPECT_GT(max.policy.graphs, 0);
  EXPECT_GT(max.policy.graph_bytes, 0u);
  EXPECT_LT(max.policy.graph_bytes, 40ull << 30);
  EXPECT_EQ(minimal.policy.benchmark_limit, 0);
  EXPECT_GT(balanced.policy.benchmark_limit, 0);
  EXPECT_LT(minimal.policy.memory_fraction, balanced.policy.memory_fraction);
  EXPECT_LT(balanced.policy.memory_fraction, max.policy.memory_fraction);
  EXPECT_EQ(minimal.policy.keep_scratch, 0);
  EXPECT_EQ(minimal.policy.empty_cache, 1);
  EXPECT_EQ(balanced.policy.keep_scratch, 1);
  EXPECT_EQ(balanced.policy.upload_buffers, 2);
  EXPECT_EQ(balanced.policy.channels_last, 1);
  EXPECT_EQ(balanced.policy.memory_limit, 0u) << "known only when the device is opened";

  const Decided own = on("a100", {{"performance_mode", "max"},
                                  {"cuda.graphs", "false"},
                                  {"cuda.cudnn_benchmark", "false"},
                                  {"memory_fraction", "0.25"},
                                  {"prefetch", "off"},
                                  {"workers", "3"},
                                  {"batch", "2"},
                                  {"threads", "5"}});
  EXPECT_EQ(own.policy.graphs, 0);
  EXPECT_EQ(own.policy.benchmark_limit, 0);
  EXPECT_DOUBLE_EQ(own.policy.memory_fraction, 0.25);
  EXPECT_EQ(own.policy.upload_buffers, 0) << "nothing is uploaded ahead";
  EXPECT_EQ(own.policy.threads, 5);
  EXPECT_EQ(own.effective.at("workers"), "3");
  EXPECT_EQ(own.effective.at("batch"), "2");
  EXPECT_EQ(own.effective.at("prefetch"), "0");
  EXPECT_GT(on("a100", {{"enable_compile", "true"}}).policy.graphs, 0);
  EXPECT_EQ(on("a100", {{"performance_mode", "max"}, {"enable_compile", "false"}}).policy.graphs, 0);
  EXPECT_EQ(on("t4", {{"performance_mode", "max"}}).effective.at("workers"), "8") << "two for each of 4 CPUs";
}

TEST(CudaPolicy, DeterministicForbidsMeasuring) {
  const Decided d = on("a100", {{"deterministic", "true"}, {"performance_mode", "max"}});
  EXPECT_EQ(d.policy.deterministic, 1);
  EXPECT_EQ(d.policy.benchmark_limit, 0);
  EXPECT_EQ(d.policy.reduced_reductions, 0);
  EXPECT_EQ(d.warnings.size(), 0u);
  EXPECT_EQ(on("a100", {{"deterministic", "true"}, {"cuda.cudnn_benchmark", "true"}}).warnings.size(), 1u);
  EXPECT_EQ(on("a100").policy.reduced_reductions, 1);
}

TEST(CudaPolicy, SharedMemorySlicesAndWsl) {
  const Decided orin = on("orin-own-build");
  EXPECT_EQ(orin.policy.unified_memory, 1);
  EXPECT_EQ(orin.policy.upload_buffers, 0);
  EXPECT_LT(orin.policy.memory_fraction, on("a100").policy.memory_fraction);
  EXPECT_EQ(on("a100").policy.expandable_segments, 1);
  for (const char* machine : {"orin-own-build", "a100-mig", "wsl"})
    EXPECT_EQ(on(machine).policy.expandable_segments, 0) << machine;
}

}  // namespace
}  // namespace da3
