// SPDX-License-Identifier: Apache-2.0
#include "choice.hpp"

#include <gmock/gmock.h>

#include "support/temporary_folder.hpp"

namespace da3::detail {
namespace {

using test::message_of;
using ::testing::HasSubstr;

PluginInfo plugin(const std::string& name, std::vector<int32_t> scores, const std::string& reason = "") {
  PluginInfo info;
  info.name = name;
  info.id = "org.da3." + name;
  info.reason = reason;
  for (int32_t score : scores) {
    Device device;
    device.dl_id = static_cast<int32_t>(info.devices.size());
    device.score = score;
    if (score == 0) device.reason = "driver too old";
    info.devices.push_back(device);
  }
  return info;
}

const std::vector<PluginInfo> machine = {plugin("cpu", {120}), plugin("cuda", {310, 320, 0}),
                                         plugin("mps", {}, "no Metal here"), plugin("vulkan", {0})};

std::string reason_of(const Choice& choice, const std::string& name) {
  for (const auto& loser : choice.losers)
    if (loser.name == name) return loser.reason;
  return "(none)";
}

TEST(Choice, AutoTakesTheHighestScoreAndExplainsTheRest) {
  const Choice choice = rank_backends({}, machine, "");
  EXPECT_EQ(choice.candidates[0].name, "cuda");
  EXPECT_EQ(choice.candidates[0].device.dl_id, 1);
  EXPECT_EQ(choice.candidates[0].reason, "highest score 320");
  EXPECT_EQ(choice.candidates[1].name, "cpu");
  EXPECT_TRUE(choice.may_fall_back);
  EXPECT_EQ(reason_of(choice, "cpu"), "score 120, cuda has 320");
  EXPECT_EQ(reason_of(choice, "mps"), "no Metal here");
  EXPECT_EQ(reason_of(choice, "vulkan"), "driver too old");
}

TEST(Choice, TiesGoById) {
  const Choice choice = rank_backends({}, {plugin("b", {100}), plugin("a", {100})}, "");
  EXPECT_EQ(choice.candidates[0].name, "a");
}

TEST(Choice, ANameIsThatOneOrAnError) {
  EXPECT_EQ(rank_backends({{"cpu"}, {}}, machine, "").candidates.size(), 1u);
  EXPECT_FALSE(rank_backends({{"cpu"}, {}}, machine, "").may_fall_back);
  EXPECT_EQ(message_of([&] {
              rank_backends({{"mps"}, {}}, machine, "use backend: cpu");
            }),
            "backend mps cannot be used: no Metal here; use backend: cpu");
  EXPECT_THAT(message_of([&] {
                rank_backends({{"cudda"}, {}}, machine, "x");
              }),
              HasSubstr("did you mean \"cuda\"?"));
}

TEST(Choice, AListIsTriedInItsOrder) {
  const Choice choice = rank_backends({{"mps", "cpu", "cuda"}, {}}, machine, "");
  EXPECT_EQ(choice.candidates[0].name, "cpu") << "not the best, but the first that works";
  EXPECT_EQ(choice.candidates[1].name, "cuda");
  EXPECT_EQ(reason_of(choice, "mps"), "no Metal here");
  EXPECT_EQ(reason_of(choice, "vulkan"), "not asked for");
  const std::string nobody = message_of([&] {
    rank_backends({{"mps", "vulkan"}, {}}, machine, "use backend: cpu");
  });
  EXPECT_EQ(
      nobody,
      "no backend of the list can be used: mps: no Metal here; vulkan: driver too old; use backend: cpu");
}

TEST(Choice, ADeviceCanBeAskedFor) {
  EXPECT_EQ(rank_backends({{"cuda"}, 0}, machine, "").candidates[0].device.score, 310);
  EXPECT_THAT(message_of([&] { rank_backends({{"cuda"}, 2}, machine, ""); }), HasSubstr("driver too old"));
  EXPECT_THAT(message_of([&] {
                rank_backends({{"cuda"}, 7}, machine, "");
              }),
              HasSubstr("it has no device 7"));
}

TEST(Choice, NothingAtAllIsAnError) {
  EXPECT_THAT(message_of([&] { rank_backends({}, {plugin("mps", {}, "no Metal")}, "install one"); }),
              HasSubstr("no backend can be used on this machine: mps: no Metal; install one"));
}

TEST(Choice, ReadsBackendAndDeviceOfTheProfile) {
  const auto wanted = [](std::string_view yaml) { return wanted_backends(Profile::from_text(yaml, "p")); };
  EXPECT_TRUE(wanted("").names.empty());
  EXPECT_TRUE(wanted("backend: auto").names.empty());
  EXPECT_EQ(wanted("backend: [a, b]").names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(wanted("device: 3").device_index, 3);
  EXPECT_THAT(message_of([&] { wanted("backend: []"); }), HasSubstr("the list is empty"));
  EXPECT_THAT(message_of([&] { wanted("backend: [cpu, auto]"); }), HasSubstr("auto stands alone"));
  EXPECT_THAT(message_of([&] { wanted("backend: [cpu, cpu]"); }), HasSubstr("given twice"));
}

}  // namespace
}  // namespace da3::detail
