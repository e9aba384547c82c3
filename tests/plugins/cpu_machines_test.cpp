// SPDX-License-Identifier: Apache-2.0
// Reading a machine and deciding for it, on machines that the build machine is not.
#include <gtest/gtest.h>

#include "cpu/policy.hpp"
#include "cpu/probe.hpp"
#include "plugins/machine_record.hpp"

namespace {

using namespace da3;
using cpu::Capabilities;

Capabilities machine(const std::string& name) {
  return cpu::read_linux_capabilities(std::filesystem::path(DA3_TEST_DATA) / "machines" / name);
}

using test::Settings;

test::Decided decided(const Capabilities& c, const Settings& settings = {}, uint32_t budget = 0) {
  return test::decided(cpu::decide(c, test::options(settings), budget));
}

std::string refusal(const Capabilities& c, const Settings& settings) {
  return test::refusal(DA3_E_UNSUPPORTED, [&] { decided(c, settings); });
}

TEST(CpuMachines, Zen3) {
  const Capabilities c = machine("zen3");
  EXPECT_EQ(c.name, "AMD EPYC 7713 64-Core Processor");
  EXPECT_EQ(c.usable_cpus(), 8);
  EXPECT_EQ(c.numa_node, 0);
  EXPECT_EQ(c.memory_total, 32ull << 30);
  EXPECT_EQ(c.memory_available, 24ull << 30);
  const da3_device d = cpu::device_record(c);
  EXPECT_STREQ(d.arch, "avx2");
  EXPECT_EQ(d.score, 110);
  EXPECT_EQ(d.precisions, 1u | 16u);
  EXPECT_EQ(d.reason, nullptr);
}

TEST(CpuMachines, Zen4) {
  const Capabilities c = machine("zen4");
  const da3_device d = cpu::device_record(c);
  EXPECT_STREQ(d.arch, "avx512_bf16");
  EXPECT_EQ(d.score, 130);
  EXPECT_EQ(d.precisions, 1u | 8u | 16u);
  EXPECT_EQ(d.numa_node, -1) << "its CPUs lie in two nodes";
}

TEST(CpuMachines, SapphireRapidsBoundToFourCpus) {
  const Capabilities c = machine("sapphire_rapids");
  const da3_device d = cpu::device_record(c);
  EXPECT_STREQ(d.arch, "amx_bf16");
  EXPECT_EQ(d.score, 140);
  EXPECT_EQ(d.precisions, 1u | 4u | 8u | 16u);
  EXPECT_EQ(c.usable_cpus(), 4);
  EXPECT_EQ(d.numa_node, 1);
  EXPECT_EQ(decided(c).effective.at("threads.reason"), "4 CPUs of 16 by affinity");
}

TEST(CpuMachines, Graviton3) {
  const Capabilities c = machine("graviton3");
  EXPECT_EQ(c.name, "Arm Neoverse V1");
  const da3_device d = cpu::device_record(c);
  EXPECT_STREQ(d.arch, "neon_bf16");
  EXPECT_EQ(d.score, 120);
  EXPECT_EQ(d.precisions, 1u | 4u | 8u | 16u);
  EXPECT_EQ(decided(c).policy.threads, 4);
}

TEST(CpuMachines, ContainersWithOneAndAHalfCpus) {
  const Capabilities v2 = machine("container_v2"), v1 = machine("container_v1");
  for (const Capabilities& c : {v2, v1}) {
    EXPECT_DOUBLE_EQ(c.quota_cpus, 1.5);
    const test::Decided d = decided(c);
    EXPECT_EQ(d.policy.threads, 2) << "a part of a CPU counts as one";
    EXPECT_EQ(d.policy.interop_threads, 2);
    EXPECT_EQ(d.effective.at("threads.reason"), "a cgroup quota of 1.5 CPUs");
  }
  EXPECT_EQ(v2.memory_total, 2ull << 30);
  EXPECT_EQ(v2.memory_available, (1ull << 30) + (256ull << 20))
      << "inactive file pages are given back on demand";
  EXPECT_EQ(v1.memory_total, 4ull << 30);
  EXPECT_EQ(v1.memory_available, 3ull << 30);
}

/// The record of a machine says what its files say, so that what is decided for one is decided for the other.
TEST(CpuMachines, RecordsAgreeWithTheFilesOfTheSameMachine) {
  for (const auto& [tree, name] : {std::pair{"zen3", "zen3"},
                                   {"zen4", "zen4"},
                                   {"sapphire_rapids", "sapphire-rapids"},
                                   {"graviton3", "graviton3"},
                                   {"container_v2", "container"}}) {
    const Capabilities read = machine(tree), assumed = cpu::assumed_capabilities(test::record(name));
    EXPECT_EQ(assumed.name, read.name);
    EXPECT_EQ(assumed.x86, read.x86) << name;
    EXPECT_EQ(assumed.online_cpus, read.online_cpus) << name;
    EXPECT_EQ(assumed.allowed_cpus, read.allowed_cpus) << name;
    EXPECT_EQ(assumed.places.size(), read.places.size()) << name;
    EXPECT_EQ(assumed.compute_cpus(), read.compute_cpus()) << name;
    EXPECT_EQ(assumed.quota_cpus, read.quota_cpus) << name;
    EXPECT_EQ(assumed.numa_node, read.numa_node) << name;
    EXPECT_EQ(assumed.memory_total, read.memory_total) << name;
    EXPECT_EQ(assumed.memory_available, read.memory_available) << name;
    for (const std::string& feature : assumed.features) EXPECT_TRUE(read.has(feature.c_str())) << name;
    EXPECT_STREQ(cpu::arch_name(assumed), cpu::arch_name(read)) << name;
    EXPECT_EQ(cpu::device_record(assumed).precisions, cpu::device_record(read).precisions) << name;
    EXPECT_EQ(cpu::device_record(assumed).score, cpu::device_record(read).score) << name;
    EXPECT_EQ(decided(assumed).effective, decided(read).effective) << name;
  }
}

TEST(CpuMachines, NothingReadableIsOneCpuWithoutLimits) {
  const Capabilities c = machine("no-such-folder");
  EXPECT_EQ(c.usable_cpus(), 1);
  EXPECT_EQ(c.memory_available, UINT64_MAX);
  EXPECT_EQ(cpu::device_record(c).score, 100);
  const test::Decided d = decided(c);
  EXPECT_EQ(d.policy.memory_limit, 0u);
  EXPECT_EQ(d.policy.threads, 1);
}

TEST(CpuPolicy, DefaultsAreFloat32OnEveryMachine) {
  for (const char* name : {"zen3", "zen4", "sapphire_rapids", "graviton3", "container_v2"}) {
    const test::Decided d = decided(machine(name));
    EXPECT_EQ(d.policy.precision, engine::Precision::float32) << name;
    EXPECT_EQ(d.policy.head_precision, engine::Precision::float32) << name;
    EXPECT_EQ(d.effective.at("precision"), "float32");
    EXPECT_EQ(d.effective.count("precision.reason") == 1, machine(name).native_bfloat16()) << name;
    for (const char* key : {"device", "precision", "head_precision", "threads", "interop_threads", "workers",
                            "prefetch", "batch", "compile", "cache", "deterministic"})
      EXPECT_TRUE(d.effective.count(key)) << name << ' ' << key;
  }
}

/// In mode max alone, where the CPU has it, and only after a measurement.
TEST(CpuPolicy, AutoMayBeBfloat16ByMeasurement) {
  Capabilities c = machine("zen4");
  const Settings max{{"performance_mode", "max"}};
  const auto with = [&](const char* key, const char* value) {
    Settings settings = max;
    settings.emplace_back(key, value);
    return settings;
  };
  const thin::Decision first = cpu::decide(c, test::options(max), 0);
  EXPECT_EQ(first.policy.precision, engine::Precision::float32);
  EXPECT_NE(first.measure, "");
  EXPECT_EQ(first.measured, engine::Precision::bfloat16);
  for (const Settings& settings :
       {Settings{}, with("deterministic", "true"), with("cpu.onednn", "false"), with("cpu.emulate", "true"),
        with("mixed_precision", "off"), with("mixed_precision", "bfloat16"), with("mixed_precision", "int8")})
    EXPECT_EQ(cpu::decide(c, test::options(settings), 0).measure, "");
  EXPECT_EQ(cpu::decide(machine("zen3"), test::options(max), 0).measure, "");

  c.bfloat16_speed = 1.85;
  const test::Decided fast = decided(c, max);
  EXPECT_EQ(fast.policy.precision, engine::Precision::bfloat16);
  EXPECT_EQ(fast.effective.at("precision"), "bfloat16");
  EXPECT_EQ(fast.effective.at("precision.reason"), "measured 1.85 times as fast here");
  EXPECT_NE(decided(c).effective.at("precision.reason").find("measured 1.85"), std::string::npos)
      << "what could be gained is told";
  for (const Settings& settings : {Settings{}, with("deterministic", "true"), with("cpu.onednn", "false"),
                                   with("cpu.emulate", "true"), with("mixed_precision", "off")})
    EXPECT_EQ(decided(c, settings).policy.precision, engine::Precision::float32);

  c.bfloat16_speed = 1.1;
  EXPECT_EQ(decided(c, max).policy.precision, engine::Precision::float32);
  EXPECT_NE(decided(c, max).effective.at("precision.reason").find("1.10"), std::string::npos);
}

TEST(CpuPolicy, AMeasuredSpeedBelongsToCpuRuntimeAndBuild) {
  const Capabilities c = machine("zen4");
  const std::string key = cpu::speed_key(c);
  EXPECT_NE(key, cpu::speed_key(machine("sapphire_rapids")));
  EXPECT_NE(key.find("libtorch/"), std::string::npos) << key;
  Capabilities other = c;
  other.features.insert("amx_bf16");
  EXPECT_NE(key, cpu::speed_key(other));
}

TEST(CpuPolicy, Float16IsRefusedWithItsReason) {
  EXPECT_NE(refusal(machine("zen3"), {{"mixed_precision", "float16"}}).find("slower than float32"),
            std::string::npos);
  EXPECT_NE(refusal(machine("graviton3"), {{"mixed_precision", "float16"}}).find("not used in this version"),
            std::string::npos);
}

TEST(CpuPolicy, Bfloat16IsTheCpusOwnWhereItHasIt) {
  for (const char* name : {"zen4", "sapphire_rapids"}) {
    const test::Decided d = decided(machine(name), {{"mixed_precision", "bfloat16"}});
    EXPECT_EQ(d.policy.precision, engine::Precision::bfloat16) << name;
    EXPECT_EQ(d.policy.emulate, 0) << name;
    EXPECT_EQ(d.policy.head_precision, engine::Precision::float32) << name;
    EXPECT_EQ(d.effective.at("precision"), "bfloat16") << name;
  }
  EXPECT_NE(
      refusal(machine("zen4"), {{"mixed_precision", "bfloat16"}, {"cpu.onednn", "false"}}).find("oneDNN"),
      std::string::npos);
}

TEST(CpuPolicy, Int8IsForCpusThatMultiplyItWithOrWithoutOneDnn) {
  for (const char* name : {"zen3", "zen4", "sapphire_rapids"}) {
    const test::Decided d = decided(machine(name), {{"mixed_precision", "int8"}, {"cpu.onednn", "false"}});
    EXPECT_EQ(d.policy.precision, engine::Precision::int8) << name;
    EXPECT_EQ(d.policy.emulate, 0) << name;
    EXPECT_EQ(d.policy.head_precision, engine::Precision::float32) << name;
    EXPECT_EQ(d.effective.at("precision"), "int8") << name;
  }
}

TEST(CpuPolicy, EmulationIsOnRequestAndSaysSo) {
  for (const char* precision : {"bfloat16", "float16", "int8"}) {
    const test::Decided d =
        decided(machine("zen3"), {{"mixed_precision", precision}, {"cpu.emulate", "true"}});
    EXPECT_EQ(d.policy.emulate, 1) << precision;
    EXPECT_EQ(d.effective.at("precision"), precision);
    EXPECT_NE(d.effective.at("precision.reason").find("emulated"), std::string::npos);
  }
  EXPECT_EQ(decided(machine("zen3"), {{"cpu.emulate", "true"}}).policy.emulate, 0) << "nothing to emulate";
}

TEST(CpuPolicy, OtherBfloat16AndInt8AreRefusedWithTheirReason) {
  EXPECT_NE(refusal(machine("zen3"), {{"mixed_precision", "bfloat16"}}).find("slower than float32"),
            std::string::npos);
  Capabilities old = machine("zen3");
  old.features = {"sse4_2"};
  EXPECT_NE(refusal(old, {{"mixed_precision", "int8"}}).find("AVX2"), std::string::npos);
  EXPECT_NE(refusal(machine("graviton3"), {{"mixed_precision", "int8"}}).find("x86"), std::string::npos);
  EXPECT_NE(refusal(machine("zen4"), {{"head_precision", "float16"}}).find("head_precision"),
            std::string::npos);
}

TEST(CpuPolicy, Tf32HeadIsFloat32AndSaysWhy) {
  const test::Decided d = decided(machine("zen3"), {{"head_precision", "tf32"}});
  EXPECT_EQ(d.effective.at("head_precision"), "float32");
  EXPECT_NE(d.effective.at("head_precision.reason").find("TF32"), std::string::npos);
}

TEST(CpuPolicy, ThreadsOfTheProfileWinAndTheHostsBudgetOnlyLowers) {
  const Capabilities c = machine("zen3");
  EXPECT_EQ(decided(c, {}, 3).policy.threads, 3);
  EXPECT_EQ(decided(c, {}, 3).policy.interop_threads, 3);
  EXPECT_EQ(decided(c, {}, 64).policy.threads, 8);
  EXPECT_EQ(decided(c).policy.interop_threads, 4);
  EXPECT_EQ(decided(c, {{"threads", "5"}}, 3).policy.threads, 5);
  EXPECT_TRUE(decided(c, {{"threads", "8"}}).warnings.empty());
  EXPECT_EQ(decided(c, {{"threads", "9"}}).warnings.size(), 1u)
      << "more than there are: obeyed, with a warning";
  EXPECT_EQ(decided(c, {{"interop_threads", "1"}}).policy.interop_threads, 1);
}

TEST(CpuPolicy, ModesAreDefaultsAndSettingsWin) {
  const Capabilities c = machine("zen3");
  const test::Decided minimal = decided(c, {{"performance_mode", "minimal"}}), balanced = decided(c),
                      max = decided(c, {{"performance_mode", "max"}});
  EXPECT_LT(minimal.policy.head_chunk_views, balanced.policy.head_chunk_views);
  EXPECT_LT(balanced.policy.head_chunk_views, max.policy.head_chunk_views);
  EXPECT_EQ(minimal.policy.keep_scratch, 0);
  EXPECT_EQ(balanced.policy.keep_scratch, 1);
  EXPECT_EQ(minimal.policy.prepack, 0);
  EXPECT_EQ(balanced.policy.prepack, 1);
  EXPECT_EQ(max.policy.prepack, 1);
  EXPECT_EQ(max.effective.at("compile"), "prepack");
  const test::Decided plain = decided(c, {{"enable_compile", "true"}, {"cpu.onednn", "false"}});
  EXPECT_EQ(plain.policy.prepack, 0);
  EXPECT_NE(plain.effective.at("compile.reason").find("cpu.onednn"), std::string::npos);
  EXPECT_EQ(minimal.effective.at("workers"), "1");
  EXPECT_EQ(max.effective.at("workers"), "4");
  EXPECT_EQ(minimal.effective.at("prefetch"), "0");
  EXPECT_EQ(balanced.effective.at("prefetch"), "2");
  EXPECT_EQ(max.effective.at("prefetch"), "4");

  const test::Decided own = decided(c, {{"performance_mode", "max"},
                                        {"enable_compile", "false"},
                                        {"cpu.head_chunk_views", "3"},
                                        {"workers", "7"},
                                        {"prefetch", "2"},
                                        {"batch", "5"},
                                        {"deterministic", "true"},
                                        {"cpu.onednn", "false"},
                                        {"memory_fraction", "0.5"}});
  EXPECT_EQ(own.policy.prepack, 0);
  EXPECT_EQ(own.policy.head_chunk_views, 3);
  EXPECT_EQ(own.policy.deterministic, 1);
  EXPECT_EQ(own.policy.onednn, 0);
  EXPECT_EQ(own.policy.memory_limit, 12ull << 30);
  EXPECT_EQ(own.effective.at("workers"), "7");
  EXPECT_EQ(own.effective.at("prefetch"), "2");
  EXPECT_EQ(own.effective.at("batch"), "5");
  EXPECT_EQ(own.effective.at("deterministic"), "true");
  EXPECT_EQ(decided(c, {{"enable_compile", "true"}}).effective.at("compile"), "prepack");
  EXPECT_EQ(decided(c, {{"enable_compile", "true"}}).effective.count("compile.reason"), 0u)
      << "nothing was changed";
  EXPECT_EQ(decided(c, {{"prefetch", "off"}}).effective.at("prefetch"), "0");
}

}  // namespace
