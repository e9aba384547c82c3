// SPDX-License-Identifier: Apache-2.0
// Threads, sessions and CPUs on machines that the build machine is not.
#include <gmock/gmock.h>

#include <numeric>
#include <set>

#include "cpu/placement.hpp"
#include "cpu/policy.hpp"
#include "plugins/machine_record.hpp"

namespace {

using namespace da3;
using cpu::Capabilities;
using engine::Affinity;
using test::Settings;
using testing::ElementsAre;
using testing::HasSubstr;

Capabilities machine(const std::string& name, const Settings& changes = {}) {
  return cpu::assumed_capabilities(test::record(name, changes));
}

test::Decided decided(const Capabilities& c, const Settings& settings = {}, uint32_t budget = 0) {
  return test::decided(cpu::decide(c, test::options(settings), budget));
}

std::string refusal(const Capabilities& c, const Settings& settings) {
  return test::refusal(DA3_E_UNSUPPORTED, [&] { decided(c, settings); });
}

std::set<int> cpus_of(const engine::Policy& policy, int session) {
  const auto* begin = policy.cpus + session * policy.cpus_each;
  return {begin, begin + policy.cpus_each};
}

std::set<int> range(int first, int last) {
  std::set<int> cpus;
  for (int cpu = first; cpu <= last; ++cpu) cpus.insert(cpu);
  return cpus;
}

std::set<int> both(std::set<int> a, const std::set<int>& b) {
  a.insert(b.begin(), b.end());
  return a;
}

TEST(CpuPlacement, ThreadsAreCoresWhereSmtIsOn) {
  const test::Decided d = decided(machine("two-sockets"));
  EXPECT_EQ(d.policy.threads, 32);
  EXPECT_EQ(d.policy.thread_budget, 32);
  EXPECT_THAT(d.effective.at("threads.reason"), HasSubstr("64 CPUs, on 32 cores"));
  EXPECT_TRUE(d.warnings.empty());
}

TEST(CpuPlacement, MoreThreadsThanCoresAreObeyed) {
  const Capabilities c = machine("two-sockets");
  EXPECT_EQ(decided(c, {{"threads", "64"}}).policy.threads, 64);
  EXPECT_TRUE(decided(c, {{"threads", "64"}}).warnings.empty()) << "the process may use them";
  EXPECT_EQ(decided(c, {{"threads", "65"}}).warnings.size(), 1u);
}

TEST(CpuPlacement, AffinityThatCutsCoresInHalfCountsCores) {
  Capabilities c = machine("two-sockets");
  c.allowed_cpus = 3;
  c.places = {{0, 0, 0}, {32, 0, 0}, {1, 1, 0}};
  EXPECT_EQ(c.compute_cpus(), 2);
  EXPECT_EQ(decided(c).effective.at("threads.reason"),
            "3 CPUs of 64 by affinity, on 2 cores: the threads of a core would share its units");
}

TEST(CpuPlacement, AQuotaBelowTheCoresDecides) {
  EXPECT_EQ(decided(machine("two-sockets", {{"cpu.quota", "5.5"}})).policy.threads, 6);
  EXPECT_EQ(decided(machine("two-sockets", {{"cpu.quota", "5.5"}})).effective.at("threads.reason"),
            "a cgroup quota of 5.5 CPUs");
  EXPECT_EQ(decided(machine("two-sockets", {{"cpu.quota", "48"}})).policy.threads, 32)
      << "a quota counts time of CPUs, of which a core has two";
}

TEST(CpuPlacement, TheHostsBudgetIsAnUpperBound) {
  const Capabilities c = machine("two-sockets");
  EXPECT_EQ(decided(c, {}, 12).policy.threads, 12);
  EXPECT_EQ(decided(c, {}, 64).policy.threads, 32);
}

TEST(CpuPlacement, OneSessionOnSeveralNodesIsNotBoundByItself) {
  const test::Decided d = decided(machine("two-sockets"));
  EXPECT_EQ(d.policy.affinity, Affinity::off);
  EXPECT_EQ(d.effective.at("affinity"), "off");
  EXPECT_THAT(d.effective.at("affinity.reason"), HasSubstr("cpu.sessions"));
  EXPECT_THAT(decided(machine("two-sockets"), {{"threads", "8"}}).effective.at("affinity.reason"),
              HasSubstr("other processes"));
  EXPECT_THAT(decided(machine("zen3")).effective.at("affinity.reason"), HasSubstr("one NUMA node"));
}

TEST(CpuPlacement, SessionsShareTheThreadsAndStayOnTheirNodes) {
  const test::Decided d = decided(machine("two-sockets"), {{"cpu.sessions", "4"}});
  EXPECT_EQ(d.policy.sessions, 4);
  EXPECT_EQ(d.policy.threads, 8);
  EXPECT_EQ(d.policy.thread_budget, 32);
  EXPECT_EQ(d.policy.affinity, Affinity::sessions);
  EXPECT_EQ(d.effective.at("affinity"), "node 0, 1, 0, 1");
  for (int session = 0; session < 4; ++session)
    EXPECT_EQ(cpus_of(d.policy, session),
              session % 2 == 0 ? both(range(0, 15), range(32, 47)) : both(range(16, 31), range(48, 63)));
  EXPECT_THAT(std::vector<int>(d.policy.memory_set, d.policy.memory_set + 4), ElementsAre(0, 1, 0, 1));
  EXPECT_EQ(d.effective.at("workers"), "2") << "of all threads, not of one session's";
}

TEST(CpuPlacement, SessionsThatDoNotFitIntoNodesAreNotBound) {
  const test::Decided d = decided(machine("two-sockets"), {{"cpu.sessions", "3"}, {"threads", "33"}});
  EXPECT_EQ(d.policy.threads, 11);
  EXPECT_EQ(d.policy.affinity, Affinity::off);
  EXPECT_THAT(d.effective.at("affinity.reason"), HasSubstr("do not fit"));
}

TEST(CpuPlacement, BindingOnRequestLeavesEachNodeItsThreads) {
  const test::Decided d = decided(machine("two-sockets"), {{"cpu.sessions", "3"}, {"cpu.affinity", "node"}});
  EXPECT_EQ(d.policy.threads, 8) << "two of three are on one node of 16 cores";
  EXPECT_EQ(d.policy.affinity, Affinity::sessions);
}

TEST(CpuPlacement, OneNodeOnRequest) {
  const test::Decided d = decided(machine("two-sockets"), {{"cpu.affinity", "node"}});
  EXPECT_EQ(d.policy.threads, 16);
  EXPECT_EQ(d.effective.at("threads.reason"), "node 0 has 16 cores");
  EXPECT_EQ(d.effective.at("affinity"), "node 0");
  EXPECT_EQ(cpus_of(d.policy, 0), both(range(0, 15), range(32, 47)));

  const test::Decided other = decided(machine("two-sockets"), {{"cpu.numa_node", "1"}, {"threads", "4"}});
  EXPECT_EQ(other.policy.threads, 4);
  EXPECT_EQ(other.effective.at("affinity"), "node 1");
  EXPECT_EQ(cpus_of(other.policy, 0), both(range(16, 31), range(48, 63)));

  EXPECT_THAT(refusal(machine("two-sockets"), {{"cpu.numa_node", "2"}}), HasSubstr("node 0, 1"));
  EXPECT_THAT(refusal(machine("two-sockets"), {{"cpu.numa_node", "1"}, {"cpu.affinity", "off"}}),
              HasSubstr("leave one"));
}

TEST(CpuPlacement, ACpuForEachThreadIsACoreForEachFirst) {
  const Capabilities c = machine("two-sockets");
  const test::Decided d = decided(c, {{"cpu.affinity", "cores"}});
  EXPECT_EQ(d.policy.affinity, Affinity::threads);
  EXPECT_EQ(d.policy.cpus_each, 32);
  EXPECT_EQ(cpus_of(d.policy, 0), range(0, 31)) << "no two of a core";
  EXPECT_EQ(cpus_of(decided(c, {{"cpu.affinity", "cores"}, {"threads", "33"}}).policy, 0), range(0, 32))
      << "then the second ones";

  const engine::Policy two = decided(c, {{"cpu.affinity", "cores"}, {"cpu.sessions", "2"}}).policy;
  EXPECT_EQ(cpus_of(two, 0), range(0, 15));
  EXPECT_EQ(cpus_of(two, 1), range(16, 31));
  EXPECT_EQ(two.memory_set[0], 0);
  EXPECT_EQ(two.memory_set[1], 1);

  const test::Decided node =
      decided(c, {{"cpu.affinity", "cores"}, {"cpu.numa_node", "1"}, {"threads", "3"}});
  EXPECT_EQ(cpus_of(node.policy, 0), range(16, 18));
  const test::Decided many = decided(c, {{"cpu.affinity", "cores"}, {"threads", "65"}});
  EXPECT_EQ(many.policy.affinity, Affinity::off);
  EXPECT_THAT(many.effective.at("affinity.reason"), HasSubstr("65 threads"));
}

TEST(CpuPlacement, MoreSessionsThanThreadsAreFewer) {
  const test::Decided d = decided(machine("zen3", {{"cpu.quota", "2"}}), {{"cpu.sessions", "4"}});
  EXPECT_EQ(d.policy.sessions, 2);
  EXPECT_EQ(d.policy.threads, 1);
  EXPECT_EQ(d.warnings.size(), 1u);
}

TEST(CpuPlacement, WhatTheUserSetForOpenmpIsLeftAlone) {
  Capabilities c = machine("two-sockets");
  c.bound_by = "OMP_PROC_BIND";
  const test::Decided d = decided(c, {{"cpu.sessions", "2"}});
  EXPECT_EQ(d.policy.affinity, Affinity::off);
  EXPECT_THAT(d.effective.at("affinity.reason"), HasSubstr("OMP_PROC_BIND"));
  EXPECT_EQ(decided(c, {{"cpu.affinity", "node"}}).policy.affinity, Affinity::sessions) << "asked for";
}

TEST(CpuPlacement, WhereCpusAreNotKnownNothingIsBound) {
  Capabilities c = machine("zen3");
  c.places.clear();
  EXPECT_EQ(decided(c).policy.affinity, Affinity::off);
  for (const char* how : {"node", "cores"})
    EXPECT_THAT(refusal(c, {{"cpu.affinity", how}}), HasSubstr("use auto"));
  EXPECT_THAT(refusal(c, {{"cpu.numa_node", "0"}}), HasSubstr("use auto"));
}

TEST(CpuPlacement, MoreCpusThanThePolicyHoldsAreNotBound) {
  Capabilities c = machine("two-sockets");
  c.online_cpus = c.allowed_cpus = 1024;
  c.places.clear();
  for (int cpu = 0; cpu < 1024; ++cpu) c.places.push_back({cpu, cpu, cpu / 512});
  const test::Decided d = decided(c, {{"cpu.affinity", "cores"}});
  EXPECT_EQ(d.policy.affinity, Affinity::off);
  EXPECT_EQ(d.policy.threads, 1024);
  EXPECT_EQ(decided(c, {{"cpu.affinity", "node"}}).policy.affinity, Affinity::sessions)
      << "512 of them do fit";
}

TEST(CpuPlacement, RecordsThatContradictThemselvesAreRefused) {
  const auto bad = [](const Settings& changes) {
    return test::refusal(DA3_E_BAD_VALUE, [&] { machine("two-sockets", changes); });
  };
  EXPECT_THAT(bad({{"cpu.allowed", "63"}}), HasSubstr("cpu.nodes"));
  EXPECT_THAT(bad({{"cpu.threads_per_core", "3"}}), HasSubstr("cpu.threads_per_core"));
  for (const char* list : {"x", "0-", "5-2", "0-99999", "0;15"})
    EXPECT_THAT(bad({{"cpu.nodes.0", list}}), HasSubstr("cpu.nodes")) << list;
}

}  // namespace
