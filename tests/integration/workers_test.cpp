// SPDX-License-Identifier: Apache-2.0
// `devices:`: scenes spread over several devices of a backend, a worker each.
#include <set>

#include "host_fixture.hpp"

namespace da3::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Workers : public HostTest {
 protected:
  /// photos/a.png ... h.png, each a scene, on a plugin with three devices.
  ProgramResult run(const std::string& devices, const Words& variables = {}, const Words& more = {}) const {
    for (const char name : std::string("abcdefgh"))
      if (!there("photos/" + std::string{name} + ".png")) picture("photos/" + std::string{name} + ".png");
    ProgramOptions options;
    options.environment = {"FAULTY_DEVICES=3"};
    options.environment.insert(options.environment.end(), variables.begin(), variables.end());
    Words words{"photos",        "--mode", "independent", "--format", "mini_npz",
                "--process-res", "56",     "--devices",   devices};
    words.insert(words.end(), more.begin(), more.end());
    return null(words, options);
  }

  nlohmann::json report() const { return json_of("da3-out/run.json"); }

  std::string names() const {
    std::string list;
    const auto run = report();
    for (const auto& scene : run["scenes"]) list += scene["name"];
    return list;
  }

  /// Indexes of the devices that did a scene.
  std::set<int> used() const {
    std::set<int> list;
    const auto run = report();
    for (const auto& scene : run["scenes"])
      if (scene["ok"]) list.insert(run["workers"][scene["worker"].get<size_t>()]["index"].get<int>());
    return list;
  }

  std::vector<int> indexes() const {
    std::vector<int> list;
    const auto run = report();
    for (const auto& worker : run["workers"]) list.push_back(worker["index"]);
    return list;
  }
};

TEST_F(Workers, AllDevicesRunAtTheSameTimeAndTheOrderIsKept) {
  const auto result = run("all", {"FAULTY_MEET=3"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(names(), "abcdefgh");
  EXPECT_THAT(indexes(), ElementsAre(0, 1, 2));
  EXPECT_EQ(used(), (std::set<int>{0, 1, 2}));
  size_t scenes = 0;
  const auto json = report();
  for (const auto& worker : json["workers"]) scenes += worker["scenes"].get<size_t>();
  EXPECT_EQ(scenes, 8u);
  // Files on stdout by scene, too.
  size_t at = 0;
  for (const char name : std::string("abcdefgh")) {
    const size_t found = result.out.find("da3-out/" + std::string{name} + "/exports");
    EXPECT_NE(found, std::string::npos) << name;
    EXPECT_GT(found, at) << name;
    at = found;
  }
}

TEST_F(Workers, OneIsTheDefaultAndAListChooses) {
  ASSERT_EQ(run("one").exit_code, 0);
  EXPECT_THAT(indexes(), ElementsAre(0));
  EXPECT_FALSE(report()["scenes"][0].contains("worker"));
  ASSERT_EQ(run("[2, 0]", {"FAULTY_MEET=2"}).exit_code, 0);
  EXPECT_THAT(indexes(), ElementsAre(2, 0));
  EXPECT_EQ(used(), (std::set<int>{0, 2}));
  ASSERT_EQ(run("1").exit_code, 0);
  EXPECT_THAT(indexes(), ElementsAre(1));
  // A profile and the environment say it as well.
  ASSERT_EQ(null({"photos", "--mode", "independent", "--process-res", "56"},
                 {.environment = {"FAULTY_DEVICES=3", "FAULTY_MEET=3", "DA3_SET_devices=all"}})
                .exit_code,
            0);
}

TEST_F(Workers, ThereAreNoMoreThanScenes) {
  picture("one/a.png");
  picture("one/b.png");
  ASSERT_EQ(null({"one", "--mode", "independent", "--process-res", "56", "--devices", "all"},
                 {.environment = {"FAULTY_DEVICES=3"}})
                .exit_code,
            0);
  EXPECT_THAT(indexes(), ElementsAre(0, 1));
}

TEST_F(Workers, ALostDeviceGivesItsScenesToTheOthers) {
  for (const char* lost : {"0", "2"}) {
    const auto result = run("all", {std::string("FAULTY_LOST_DEVICE=") + lost});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(names(), "abcdefgh");
    EXPECT_EQ(used().count(std::stoi(lost)), 0u);
    // The third may have found no work left.
    if (used().size() < 2) continue;
    EXPECT_THAT(result.err, HasSubstr("device " + std::string(lost) + " (null device) is lost"));
  }
}

TEST_F(Workers, TheLastWorkerTellsEachFailure) {
  const auto result = run("[1, 1]", {"FAULTY_LOST_DEVICE=1"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_FALSE(there("da3-out/run.json"));
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("is lost"), HasSubstr("[1/8] a: failed"), HasSubstr("[8/8] h: failed")));
}

TEST_F(Workers, OneSceneThatFailsStopsNoWorker) {
  const auto result = run("all", {"FAULTY_RUN_ERROR=-16", "FAULTY_RUN_ERROR_AT=3"});
  EXPECT_EQ(result.exit_code, 5) << result.err;
  EXPECT_EQ(names(), "abcdefgh");
  EXPECT_EQ(report()["items_failed"], 1);
}

TEST_F(Workers, ADeviceThatCannotBeUsed) {
  const auto all = run("all", {"FAULTY_BAD_DEVICE=1", "FAULTY_MEET=2"});
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_THAT(all.err, HasSubstr("device 1 of backend null is not used: "));
  EXPECT_THAT(indexes(), ElementsAre(0, 2));
  // Who names it wants it.
  const auto named = run("[0, 1]", {"FAULTY_BAD_DEVICE=1"}, {"-q"});
  EXPECT_ONE_SENTENCE(named, 6);
  const auto missing = run("[0, 7]", {}, {"-q"});
  EXPECT_ONE_SENTENCE(missing, 3);
}

TEST_F(Workers, WrongSettings) {
  const auto bad = run("some", {}, {"-q"});
  EXPECT_ONE_SENTENCE(bad, 2);
  const auto twice = run("all", {}, {"-q", "--set", "device=1"});
  EXPECT_ONE_SENTENCE(twice, 2);
  EXPECT_THAT(twice.err, HasSubstr("two ways"));
  const auto own = run("all", {}, {"-q", "--set", "cuda.device=1"});
  EXPECT_ONE_SENTENCE(own, 2);
  const auto empty = run("[]", {}, {"-q"});
  EXPECT_ONE_SENTENCE(empty, 2);
}

TEST_F(Workers, ASignalEndsAllAfterTheirScenes) {
  auto options = ProgramOptions{.environment = {"FAULTY_DEVICES=3", "FAULTY_MEET=3", "FAULTY_RUN_MS=200"}};
  options.signals = {{"[", 2}};
  run("one");
  const auto result =
      null({"photos", "--mode", "independent", "--process-res", "56", "--devices", "all"}, options);
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_LT(report()["scenes"].size(), 8u);
}

}  // namespace
}  // namespace da3::test
