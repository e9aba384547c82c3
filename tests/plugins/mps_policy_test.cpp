// SPDX-License-Identifier: Apache-2.0
// What the mps backend orders of its engine, on Macs that are only written down. What it tells people is in
// tests/data/plans/mps.txt.
#include <gmock/gmock.h>

#include "mps/policy.hpp"
#include "mps/probe.hpp"
#include "plugins/machine_record.hpp"

namespace da3 {
namespace {

using engine::Precision;
using test::Decided;
using test::Settings;
using testing::HasSubstr;

constexpr int32_t metal = 8;

Decided on(const std::string& machine, const Settings& settings = {}, const Settings& changes = {}) {
  return test::decided(mps::decide(mps::assumed_capabilities(test::record(machine, changes)),
                                   test::options(settings), {metal, 0}));
}

std::string refused(int32_t code, const std::string& machine, const Settings& settings = {}) {
  return test::refusal(code, [&] { on(machine, settings); });
}

std::pair<int32_t, uint32_t> score_and_precisions(const std::string& machine, const Settings& changes = {}) {
  std::pair<int32_t, uint32_t> told{-1, 0};
  mps::tell_devices(mps::assumed_capabilities(test::record(machine, changes)), [&](const da3_device& d) {
    EXPECT_EQ(told.first, -1) << "one device";
    EXPECT_EQ(d.score == 0, d.reason != nullptr);
    told = {d.score, d.precisions};
  });
  return told;
}

TEST(MpsPolicy, Bfloat16FromM3) {
  for (const auto& [machine, precision] : {std::pair{"m1", Precision::float32},
                                           {"m2", Precision::float32},
                                           {"m3-max", Precision::bfloat16},
                                           {"m4", Precision::bfloat16}}) {
    const Decided d = on(machine);
    EXPECT_EQ(d.policy.precision, precision) << machine;
    EXPECT_EQ(d.policy.head_precision, Precision::float32) << machine;
    EXPECT_EQ(d.warnings, std::vector<std::string>{}) << machine;
    EXPECT_EQ((score_and_precisions(machine).second & 8u) != 0, precision == Precision::bfloat16) << machine;
    EXPECT_EQ(on(machine, {{"mixed_precision", "off"}}).policy.precision, Precision::float32) << machine;
  }
  EXPECT_EQ(on("m1", {{"mixed_precision", "bfloat16"}}).policy.precision, Precision::bfloat16);
  EXPECT_EQ(on("m1", {{"mixed_precision", "bfloat16"}}).warnings.size(), 1u) << "emulated there";
  EXPECT_EQ(on("m4", {{"mixed_precision", "bfloat16"}}).warnings.size(), 0u);
  EXPECT_EQ(on("m4", {{"head_precision", "tf32"}}).policy.head_precision, Precision::float32);
}

TEST(MpsPolicy, Float16IsDoneWithAWarningThatHasFigures) {
  const Decided d = on("m3-max", {{"mixed_precision", "float16"}});
  EXPECT_EQ(d.policy.precision, Precision::float16);
  ASSERT_EQ(d.warnings.size(), 1u);
  EXPECT_THAT(d.warnings[0], testing::AllOf(HasSubstr("4.22 s"), HasSubstr("2.93 s")));
}

TEST(MpsPolicy, WhatIsRefused) {
  EXPECT_THAT(refused(DA3_E_UNSUPPORTED, "m4", {{"mixed_precision", "int8"}}), HasSubstr("int8"));
  EXPECT_THAT(refused(DA3_E_UNSUPPORTED, "m4", {{"head_precision", "float16"}}), HasSubstr("head"));
  EXPECT_THAT(refused(DA3_E_UNAVAILABLE, "mac-old-macos"), HasSubstr("14.4"));
  EXPECT_THAT(refused(DA3_E_UNAVAILABLE, "mac-intel"), HasSubstr("not the GPU of an Apple processor"));
  EXPECT_THAT(refused(DA3_E_UNAVAILABLE, "mac-vm"), HasSubstr("virtual machine"));
  EXPECT_THAT(refused(DA3_E_UNAVAILABLE, "zen3"), HasSubstr("no Metal"));
  for (const char* machine : {"mac-old-macos", "mac-intel", "mac-vm", "zen3"})
    EXPECT_EQ(score_and_precisions(machine).first, 0) << machine;
}

TEST(MpsPolicy, TheOldestMacosIs144) {
  for (const auto& [version, usable] : {std::pair{"13.6", false},
                                        {"14.0", false},
                                        {"14.3.1", false},
                                        {"14.4", true},
                                        {"14.10", true},
                                        {"15", true},
                                        {"26.1", true}})
    EXPECT_EQ(score_and_precisions("m1", {{"metal.macos", version}}).first > 0, usable) << version;
}

TEST(MpsPolicy, CompilingIsRefusedWithAWarningAndRunsGoOn) {
  const Decided d = on("m4", {{"enable_compile", "true"}});
  EXPECT_EQ(d.policy.prepack, 0);
  EXPECT_EQ(d.policy.graphs, 0);
  EXPECT_EQ(d.effective.at("compile"), "off");
  EXPECT_EQ(d.warnings.size(), 1u);
  EXPECT_EQ(on("m4", {{"enable_compile", "auto"}, {"performance_mode", "max"}}).warnings.size(), 0u);
}

TEST(MpsPolicy, MemoryStaysBelowTheCap) {
  const Decided d = on("m3-max");
  EXPECT_DOUBLE_EQ(d.policy.memory_high, 0.7);
  EXPECT_LT(d.policy.memory_low, d.policy.memory_high);
  EXPECT_GT(d.policy.memory_low, 0);
  EXPECT_NEAR(static_cast<double>(d.policy.memory_limit), 0.7 * 27 * (1 << 30), 1e6);
  EXPECT_EQ(d.policy.memory_fraction, 0) << "the engine would take it in place of the limit";
  EXPECT_EQ(d.policy.unified_memory, 1);
  const Decided half = on("m3-max", {{"mps.memory_cap", "0.5"}, {"memory_fraction", "0.5"}});
  EXPECT_NEAR(static_cast<double>(half.policy.memory_limit), 0.25 * 27 * (1 << 30), 1e6);
  // macOS does not tell the working set.
  const Decided unknown = on("m3-max", {{"memory_fraction", "0.5"}}, {{"metal.devices.0.working_set", ""}});
  EXPECT_EQ(unknown.policy.memory_limit, 0u);
  EXPECT_DOUBLE_EQ(unknown.policy.memory_fraction, 0.35);
}

TEST(MpsPolicy, AttentionIsInChunksOfContiguousTensors) {
  const Decided d = on("m1");
  EXPECT_EQ(d.policy.attention, engine::Attention::chunked);
  EXPECT_EQ(d.policy.attention_bytes, 256ull << 20);
  EXPECT_EQ(d.policy.contiguous_attention, 1);
  EXPECT_EQ(d.policy.channels_last, 0);
  EXPECT_EQ(on("m1", {{"mps.attention_budget_mb", "64"}}).policy.attention_bytes, 64ull << 20);
}

TEST(MpsPolicy, ModesAreDefaultsAndSettingsWin) {
  const Decided minimal = on("m4", {{"performance_mode", "minimal"}}), balanced = on("m4"),
                max = on("m4", {{"performance_mode", "max"}});
  EXPECT_EQ(minimal.effective.at("workers"), "8");
  EXPECT_EQ(max.effective.at("workers"), "12");
  EXPECT_EQ(minimal.effective.at("prefetch"), "0");
  EXPECT_EQ(balanced.effective.at("prefetch"), "2");
  EXPECT_EQ(max.effective.at("prefetch"), "4");
  for (const Decided* d : {&minimal, &balanced, &max}) {
    EXPECT_EQ(d->policy.upload_buffers, 0);
    EXPECT_EQ(d->policy.benchmark_limit, 0);
  }
  EXPECT_EQ(balanced.policy.empty_cache, 1);
  EXPECT_EQ(max.policy.empty_cache, 0);
  EXPECT_EQ(minimal.policy.keep_scratch, 0);
  EXPECT_LT(minimal.policy.head_chunk_views, max.policy.head_chunk_views);
  EXPECT_EQ(on("m4", {{"performance_mode", "max"}, {"mps.empty_cache", "true"}}).policy.empty_cache, 1);
  EXPECT_EQ(on("m4", {{"prefetch", "3"}}).effective.at("prefetch"), "3");
}

TEST(MpsPolicy, OtherDevicesAreNotItsOwn) {
  const auto capabilities = mps::assumed_capabilities(test::record("m4"));
  for (const thin::DeviceId id : {thin::DeviceId{metal, 1}, thin::DeviceId{2, 0}})
    EXPECT_THAT(test::refusal(DA3_E_NOT_FOUND, [&] { mps::decide(capabilities, test::options({}), id); }),
                HasSubstr("type 8, index 0"));
}

}  // namespace
}  // namespace da3
