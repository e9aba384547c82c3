// SPDX-License-Identifier: Apache-2.0
// plan --assume: what another machine would get.
#include "host_fixture.hpp"

namespace da3::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Assume : public HostTest {
 protected:
  /// The installed plugins and the null plugin.
  nlohmann::json plan(Words words) const {
    words.insert(words.begin(), {"plan", "--json"});
    const auto result = host(words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return nlohmann::json::parse(result.out, nullptr, false);
  }
  static std::string value(const nlohmann::json& plan, const std::string& key, const char* field = "value") {
    for (const auto& setting : plan["settings"])
      if (setting["key"] == key) return setting[field];
    return "no " + key;
  }
  static std::string reason(const nlohmann::json& plan, const std::string& backend) {
    for (const auto& loser : plan["not_chosen"])
      if (loser["name"] == backend) return loser["reason"];
    return "no " + backend;
  }
};

TEST_F(Assume, TellsWhatAnotherMachineWouldGet) {
  const auto a100 = plan({"--assume", "a100", "--set", "threads=3"});
  EXPECT_EQ(a100["machine"], "a100");
  EXPECT_EQ(a100["backend"], "cuda");
  EXPECT_EQ(a100["device"], "NVIDIA A100-SXM4-80GB");
  EXPECT_EQ(value(a100, "effective.precision"), "bfloat16");
  EXPECT_THAT(value(a100, "effective.precision", "reason"), HasSubstr("8.0"));
  EXPECT_EQ(value(a100, "effective.threads"), "3");
  EXPECT_EQ(value(a100, "threads", "origin"), "cli");
  EXPECT_THAT(value(a100, "model"), testing::EndsWith("models/demo"));
  EXPECT_THAT(reason(a100, "cpu"), HasSubstr("score"));
  EXPECT_THAT(reason(a100, "null"), HasSubstr("da3.assume/1"));
  EXPECT_EQ(plan({"--assume", "m4"})["backend"], "mps");
  EXPECT_EQ(plan({"--assume", "zen3"})["backend"], "cpu");
  const auto old = plan({"--assume", "old-driver"});
  EXPECT_EQ(old["backend"], "cpu");
  EXPECT_THAT(reason(old, "cuda"), HasSubstr("update the driver"));
}

TEST_F(Assume, ProfileAndDeviceAreObeyed) {
  EXPECT_EQ(plan({"--assume", "a100", "--config", "cpu-max"})["backend"], "cpu");
  EXPECT_EQ(plan({"--assume", "two-gpus"})["device"], "NVIDIA GeForce RTX 4090");
  EXPECT_EQ(plan({"--assume", "two-gpus", "--set", "device=0", "-b", "cuda"})["device"], "Tesla T4");
  EXPECT_EQ(plan({"--assume", "old-gpu", "-b", "[cuda, cpu]"})["backend"], "cpu");
}

TEST_F(Assume, WhatItRefusesFailsLikeARun) {
  const auto refused = host({"plan", "--assume", "t4", "--set", "mixed_precision=bfloat16"});
  EXPECT_ONE_SENTENCE(refused, 3);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("7.5 has no bfloat16"), HasSubstr("float16")));
  EXPECT_ONE_SENTENCE(host({"plan", "--assume", "old-gpu", "-b", "cuda"}), 3);
  EXPECT_ONE_SENTENCE(host({"plan", "--assume", "t4", "-b", "null"}), 3);
  EXPECT_ONE_SENTENCE(host({"plan", "--assume", "t4", "--set", "isolation=process"}), 3);
  EXPECT_ONE_SENTENCE(host({"plan", "--assume", "t4", "--set", "thread=1"}), 2);
}

TEST_F(Assume, ListTellsTheShippedOnes) {
  const auto text = host({"plan", "--assume", "list"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, HasSubstr("Server with an A100, 80 GB\n"));
  const auto list = nlohmann::json::parse(host({"plan", "--assume", "list", "--json"}).out);
  size_t shipped = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DA3_SOURCE_DIR "/configs/machines"))
    shipped += entry.path().extension() == ".yaml";
  EXPECT_EQ(list.size(), shipped);
  for (const auto& one : list) {
    EXPECT_THAT(std::string(one["about"]), testing::Not(testing::StartsWith("cannot")));
    EXPECT_NE(one["about"], "");
  }
}

TEST_F(Assume, ARecordOfOnesOwn) {
  folder_.write("mine.yaml", "cpu: {arch: x86_64, features: avx2, online: 64, quota: 3.5}\n");
  const auto mine = plan({"--assume", "mine.yaml"});
  EXPECT_EQ(mine["machine"], "mine");
  EXPECT_EQ(value(mine, "effective.threads"), "4");
}

TEST_F(Assume, MistakesInARecordAreNamedWithTheirPlace) {
  const auto mistake = [&](const std::string& text) {
    folder_.write("bad.yaml", text);
    const auto result = host({"plan", "--assume", "bad.yaml"});
    EXPECT_ONE_SENTENCE(result, 2);
    return result.err;
  };
  const std::string cpu = "cpu: {arch: x86_64}\n";
  EXPECT_THAT(mistake("nvida: {driver: 1}\n"), AllOf(HasSubstr("bad.yaml:1:"), HasSubstr("\"nvidia\"")));
  EXPECT_THAT(mistake("cpu:\n  arch: x86_64\n  onlin: 4\n"), HasSubstr("bad.yaml:3:3: "));
  EXPECT_THAT(mistake("cpu:\n  arch: x86_64\n  online: many\n"),
              AllOf(HasSubstr("bad.yaml:3:3: "), HasSubstr("whole number")));
  EXPECT_THAT(mistake("cpu: {arch: mips}\n"), HasSubstr("mips"));
  EXPECT_THAT(mistake(cpu + "memory: {total: 4}\n"), HasSubstr("24 GiB"));
  EXPECT_THAT(mistake(cpu + "nvidia: {devices: {0: {capability: new}}}\n"), HasSubstr("8.6"));
  EXPECT_THAT(mistake(cpu + "nvidia: {devices: {0: {capability: \"8.6\", uuid: GPU-1}}}\n"),
              HasSubstr("nvidia-smi"));
  EXPECT_THAT(mistake(cpu + "nvidia: {devices: {1: {capability: \"8.6\"}}}\n"), HasSubstr("devices.1"));
  EXPECT_THAT(mistake(cpu + "metal: {macos: new}\n"), HasSubstr("15.1"));
  EXPECT_THAT(mistake("cpu: [\n"), HasSubstr("bad.yaml"));
  const auto none = host({"plan", "--assume", "t5"});
  EXPECT_ONE_SENTENCE(none, 2);
  EXPECT_THAT(none.err, HasSubstr("did you mean \"t4\"?"));
}

}  // namespace
}  // namespace da3::test
