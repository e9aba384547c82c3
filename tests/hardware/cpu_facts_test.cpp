// SPDX-License-Identifier: Apache-2.0
// CPU and memory of recorded machines.
#include <gmock/gmock.h>

#include "hardware/cgroup.hpp"
#include "hardware/cpu.hpp"
#include "hardware/metal.hpp"
#include "support/temporary_folder.hpp"

namespace da3::hardware {
namespace {

using test::TemporaryFolder;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

CpuFacts cpu(const std::string& name) {
  return read_cpu(std::filesystem::path(DA3_TEST_DATA) / "machines" / name);
}
MemoryFacts memory(const std::string& name) {
  return read_memory(std::filesystem::path(DA3_TEST_DATA) / "machines" / name);
}

TEST(CpuFacts, InstructionSets) {
  EXPECT_THAT(cpu("zen3").instruction_sets(), Contains("avx2"));
  EXPECT_THAT(cpu("zen3").instruction_sets(), Not(Contains("avx512f")));
  for (const char* set : {"avx512_bf16", "avx512_vnni"})
    EXPECT_THAT(cpu("zen4").instruction_sets(), Contains(set));
  for (const char* set : {"amx_bf16", "amx_int8", "avx512_fp16"})
    EXPECT_THAT(cpu("sapphire_rapids").instruction_sets(), Contains(set));
  for (const char* set : {"asimd", "sve", "bf16", "i8mm"})
    EXPECT_THAT(cpu("graviton3").instruction_sets(), Contains(set));
}

TEST(CpuFacts, Names) {
  EXPECT_EQ(cpu("zen3").name, "AMD EPYC 7713 64-Core Processor");
  EXPECT_EQ(cpu("graviton3").name, "Arm Neoverse V1");
  EXPECT_TRUE(cpu("graviton3").arm);
  EXPECT_EQ(cpu("no-such-folder").name, "CPU");
}

TEST(CpuFacts, AffinityWithoutWhatIsNotPluggedIn) {
  TemporaryFolder root;
  root.write("proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-7,12\n");
  root.write("sys/devices/system/cpu/online", "0-3\n");
  const CpuFacts facts = read_cpu(root.path());
  EXPECT_EQ(facts.allowed_list, "0-7,12");
  EXPECT_THAT(facts.allowed, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(facts.online, 4);
}

/// Two sockets of two cores with two CPUs each; node numbers need not follow each other.
TEST(CpuFacts, CoresAndNodes) {
  TemporaryFolder root;
  root.write("proc/self/status", "Cpus_allowed_list:\t1-7\n");
  root.write("sys/devices/system/cpu/online", "0-7\n");
  for (int cpu = 0; cpu < 8; ++cpu)
    root.write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list",
               std::to_string(cpu % 4) + "," + std::to_string(cpu % 4 + 4) + "\n");
  root.write("sys/devices/system/node/node0/cpulist", "0-1,4-5\n");
  root.write("sys/devices/system/node/node8/cpulist", "2-3,6-7\n");
  root.write("sys/devices/system/node/has_cpu", "0,8\n");
  const CpuFacts facts = read_cpu(root.path());
  ASSERT_EQ(facts.places.size(), 7u);
  for (const CpuPlace& place : facts.places) {
    EXPECT_EQ(place.core, place.cpu % 4) << place.cpu;
    EXPECT_EQ(place.node, place.cpu % 4 < 2 ? 0 : 8) << place.cpu;
  }
  EXPECT_EQ(facts.numa_node, -1);
  root.write("proc/self/status", "Cpus_allowed_list:\t2-3,6\n");
  EXPECT_EQ(read_cpu(root.path()).numa_node, 8);
}

TEST(CpuFacts, WithoutTopologyEachCpuIsACore) {
  const CpuFacts facts = cpu("zen3");
  ASSERT_EQ(facts.places.size(), 8u);
  for (const CpuPlace& place : facts.places) EXPECT_EQ(place.core, place.cpu);
}

TEST(CpuFacts, Quota) {
  EXPECT_DOUBLE_EQ(cpu("container_v1").quota, 1.5);
  EXPECT_DOUBLE_EQ(cpu("container_v2").quota, 1.5);
  EXPECT_DOUBLE_EQ(cpu("zen3").quota, 0);
}

TEST(CpuFacts, Lists) {
  EXPECT_EQ(parse_cpu_list("0-2,5\n"), (std::vector<int>{0, 1, 2, 5}));
  EXPECT_EQ(parse_cpu_list("7"), std::vector<int>{7});
  for (const char* bad : {"", "x", "3-1", "1-", "99999999999", "0-999999", "1;2"})
    EXPECT_THAT(parse_cpu_list(bad), IsEmpty()) << bad;
}

TEST(MemoryFacts, OfTheMachineAndOfTheContainer) {
  EXPECT_EQ(memory("zen3").total, 32ull << 30);
  EXPECT_EQ(memory("zen3").available, 24ull << 30);
  EXPECT_EQ(memory("zen3").limit, UINT64_MAX);
  EXPECT_EQ(memory("container_v2").limit, 2ull << 30);
  EXPECT_EQ(memory("container_v2").available, (1ull << 30) + (256ull << 20));
  EXPECT_EQ(memory("container_v1").limit, 4ull << 30);
  EXPECT_EQ(memory("no-such-folder").total, UINT64_MAX);
}

TEST(Cgroup, EveryParentLimits) {
  TemporaryFolder root;
  root.write("proc/self/cgroup", "0::/a/b\n");
  root.write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  root.write("sys/fs/cgroup/a/cpu.max", "50000 100000\n");
  root.write("sys/fs/cgroup/a/memory.max", "1048576\n");
  root.write("sys/fs/cgroup/a/b/memory.max", "max\n");
  const CgroupLimits limits = read_cgroup_limits(root.path());
  EXPECT_DOUBLE_EQ(limits.cpus, 0.5);
  EXPECT_EQ(limits.memory_limit, 1048576u);
}

#ifndef __APPLE__
TEST(MetalFacts, SaysThatThereIsNone) {
  EXPECT_EQ(read_metal().reason, "no Metal on this system");
  EXPECT_THAT(read_metal().devices, IsEmpty());
}
#endif

}  // namespace
}  // namespace da3::hardware
