// SPDX-License-Identifier: Apache-2.0
// Inputs of every kind of name, and runs of many scenes: parts, going on after a kill, what would be done.
#include <csignal>
#include <da3/error.hpp>
#include <sstream>

#include "host_fixture.hpp"
#include "inputs/expand_inputs.hpp"

namespace da3::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<fs::path> expanded(const std::vector<fs::path>& inputs, const std::string& list = "",
                               bool recursive = false) {
  std::istringstream stream(list);
  std::vector<fs::path> videos;
  return host::expand_inputs(inputs, recursive, stream, videos);
}

TEST(ExpandInputs, ListsOnStdin) {
  EXPECT_THAT(expanded({"x", "-"}, "a b.png\r\n\nü.png"), ElementsAre("x", "a b.png", "ü.png"));
  const std::string with_newline("a\nb.png\0c.png\0", 14);
  EXPECT_THAT(expanded({"-"}, with_newline), ElementsAre("a\nb.png", "c.png"));
  EXPECT_THROW(expanded({"-"}, "\n"), Error);
  EXPECT_THROW(expanded({"-", "-"}, "a"), Error);
}

TEST(ExpandInputs, PatternsInNaturalOrder) {
  const TemporaryFolder folder;
  for (const char* name : {"v10.png", "v2.png", "w[1].png", "note.txt"}) folder.write(name, "");
  EXPECT_THAT(expanded({folder.path() / "v*.png"}),
              ElementsAre(folder.path() / "v2.png", folder.path() / "v10.png"));
  EXPECT_THAT(expanded({folder.path() / "w[1].png"}),
              ElementsAre(folder.path() / "w[1].png"));  // a name first
  EXPECT_THROW(expanded({folder.path() / "*.jpg"}), Error);
}

TEST(ExpandInputs, FoldersBelowFolders) {
  const TemporaryFolder folder;
  for (const char* name : {"b/10.png", "b/9.JPG", "a/x/1.tif", "0.png", ".hidden/1.png", "a/t.txt"})
    folder.write(name, "");
  fs::create_directory_symlink(folder.path(), folder.path() / "b/up");
  const fs::path top = folder.path();
  EXPECT_THAT(expanded({top}, "", true),
              ElementsAre(top / "0.png", top / "a/x/1.tif", top / "b/9.JPG", top / "b/10.png"));
  fs::create_directory(top / "empty");
  EXPECT_THROW(expanded({top / "empty"}, "", true), Error);
}

class LongRun : public HostTest {
 protected:
  void pictures(const std::vector<std::string>& names) const {
    for (const std::string& name : names) picture(path("in") / name);
  }
  Words run(const Words& more) const {
    Words words{"in", "--mode", "independent", "-o", "out", "--process-res", "56", "-f", "mini_npz"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  static size_t resumed(const std::string& progress) {
    size_t count = 0;
    for (size_t at = 0; (at = progress.find("done by an earlier run", at)) != std::string::npos; ++at)
      ++count;
    return count;
  }
};

TEST_F(LongRun, NamesWithSpacesUtf8AndNewlines) {
  pictures({"a b.png", "größe 山.png", "new\nline.png", "-dash.png"});
  ASSERT_EQ(null(run({})).exit_code, 0);
  for (const char* name : {"a b", "größe 山", "new\nline", "-dash"})
    EXPECT_TRUE(there(path("out") / name / "exports/mini_npz/results.npz")) << name;
  EXPECT_EQ(json_of("out/run.json")["scenes"].size(), 4u);
}

TEST_F(LongRun, ResumeLeavesOutWhatIsDone) {
  pictures({"a.png", "b.png", "c.png"});
  ASSERT_EQ(null(run({})).exit_code, 0);
  auto again = null(run({"--resume"}));
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(resumed(again.err), 3u) << again.err;
  EXPECT_EQ(json_of("out/run.json")["scenes"].size(), 3u);
  EXPECT_EQ(json_of("out/run.json")["scenes"][1]["ok"], true);

  fs::remove(in("out/b/exports/mini_npz/results.npz"));  // an output is gone
  EXPECT_EQ(resumed(null(run({"--resume"})).err), 2u);
  EXPECT_TRUE(there("out/b/exports/mini_npz/results.npz"));
  fs::last_write_time(in("in/c.png"), fs::file_time_type::clock::now());  // an input has changed
  EXPECT_EQ(resumed(null(run({"--resume"})).err), 2u);
  EXPECT_EQ(resumed(null(run({"--resume", "--process-res", "70"})).err), 0u);  // another setting
  EXPECT_EQ(resumed(null(run({})).err), 0u);
}

TEST_F(LongRun, OnlyTheNewestRunOfAFolderCounts) {
  pictures({"a.png", "b.png"});
  ASSERT_EQ(null(run({"--resume"})).exit_code, 0);
  const std::string first = text_of("out/a/exports/mini_npz/results.npz");
  EXPECT_EQ(resumed(null(run({"--resume", "--process-res", "70"})).err), 0u);
  EXPECT_EQ(resumed(null(run({"--resume"})).err), 0u);
  EXPECT_EQ(text_of("out/a/exports/mini_npz/results.npz").size(), first.size());
  EXPECT_EQ(resumed(null(run({"--resume"})).err), 2u);
}

TEST_F(LongRun, AShardThatWritesIntoTheFolderCountsToo) {
  pictures({"a.png", "b.png"});
  ASSERT_EQ(null(run({})).exit_code, 0);
  ASSERT_EQ(null(run({"--shard", "2/2", "--process-res", "70"})).exit_code, 0);
  EXPECT_EQ(resumed(null(run({"--resume"})).err), 1u);
  EXPECT_EQ(resumed(null(run({"--shard", "2/2", "--process-res", "70", "--resume"})).err), 0u);
}

TEST_F(LongRun, OtherInputsOfTheSameNamesCountToo) {
  pictures({"a.png", "b.png"});
  for (const char* name : {"a.png", "b.png"}) picture(path("other") / name);
  ASSERT_EQ(null(run({})).exit_code, 0);
  Words other = run({"--resume"});
  other.front() = "other";
  EXPECT_EQ(resumed(null(other).err), 0u);
  EXPECT_EQ(resumed(null(run({"--resume"})).err), 0u);
}

TEST_F(LongRun, LinesWithoutOutputsOfTheirOwnDoNotCount) {
  pictures({"a.png", "b.png"});
  ASSERT_EQ(null(run({})).exit_code, 0);
  std::istringstream lines(text_of("out/items.jsonl"));
  std::string old;
  for (std::string line; std::getline(lines, line);) {
    auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json.erase("outputs"), 1u) << line;
    old += json.dump() + "\n";
  }
  folder_.write("out/items.jsonl", old);
  EXPECT_EQ(resumed(null(run({"--resume"})).err), 0u);
}

TEST_F(LongRun, AnotherModelInTheSameFolderIsSeen) {
  pictures({"a.png", "b.png"});
  fs::copy(path(DA3_SOURCE_DIR) / "models/demo", in("model"), fs::copy_options::recursive);
  const Words words = run({"--model", "model", "--resume"});
  ASSERT_EQ(null(words).exit_code, 0);
  EXPECT_EQ(resumed(null(words).err), 2u);
  for (const char* name : {"model/config.json", "model/model.safetensors"}) {
    fs::last_write_time(in(name), fs::file_time_type::clock::now());
    EXPECT_EQ(resumed(null(words).err), 0u) << name;
  }
}

TEST_F(LongRun, AKilledRunGoesOn) {
  pictures({"a.png", "b.png", "c.png", "d.png"});
  ProgramOptions kill{.signals = {{"[2/4]", SIGKILL}}};
  kill.environment = {"FAULTY_RUN_MS=200"};
  EXPECT_EQ(null(run({"--progress", "plain"}), kill).signal, SIGKILL);
  EXPECT_FALSE(there("out/run.json"));
  folder_.write("out/items.jsonl", text_of("out/items.jsonl") + "{\"key\": \"cut");  // as a kill may leave it
  const auto again = null(run({"--resume"}), {.environment = {"FAULTY_RUN_MS=200"}});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_GE(resumed(again.err), 2u) << again.err;
  EXPECT_LT(resumed(again.err), 4u);
  for (const char* name : {"a", "b", "c", "d"})
    EXPECT_TRUE(there(path("out") / name / "exports/mini_npz/results.npz"));
  EXPECT_EQ(resumed(null(run({"--resume"}), {.environment = {"FAULTY_RUN_MS=200"}}).err), 4u);
}

TEST_F(LongRun, ShardsAreTheWhole) {
  pictures({"a.png", "b.png", "c.png"});
  ASSERT_EQ(null(run({"--shard", "1/2"})).exit_code, 0);
  EXPECT_TRUE(there("out/a") && there("out/c"));
  EXPECT_FALSE(there("out/b") || there("out/run.json"));
  ASSERT_EQ(null(run({"--shard", "2/2"})).exit_code, 0);
  EXPECT_TRUE(there("out/b/exports/mini_npz/results.npz"));
  EXPECT_EQ(json_of("out/run.shard-1-of-2.json")["scenes"].size(), 2u);
  EXPECT_EQ(json_of("out/run.shard-2-of-2.json")["scenes"].size(), 1u);
  EXPECT_THAT(null(run({"--shard", "7/8"})).err, HasSubstr("nothing is to do"));
  for (const char* wrong : {"0/2", "3/2", "1", "a/b"}) {
    const auto refused = null(run({"--shard", wrong}));
    EXPECT_ONE_SENTENCE(refused, 2);
  }
}

TEST_F(LongRun, ABrokenImageAmongManyIsLeftOut) {
  pictures({"a.png", "b.png"});
  folder_.write("in/broken.png", "no picture");
  const auto result = null({"in", "-o", "out", "-f", "mini_npz", "--process-res", "56"});
  EXPECT_EQ(result.exit_code, 5) << result.err;
  EXPECT_THAT(result.err, HasSubstr("broken.png"));
  const auto run = json_of("out/run.json");
  EXPECT_EQ(run["exit_status"], 5);
  EXPECT_EQ(run["scenes"][0]["views"], 2);
  EXPECT_THAT(std::string(run["scenes"][0]["skipped"][0]["path"]), testing::EndsWith("broken.png"));
}

TEST_F(LongRun, ATrajectoryNeedsAFocalLength) {
  pictures({"a.png", "b.png"});
  folder_.write("poses.txt", "# timestamp tx ty tz qx qy qz qw\n1.5 0 0 0 0 0 0 1\n2.5 1 0 0 0 0 0 2\n");
  const auto blind = null({"in", "--poses", "poses.txt", "-q", "-o", "out"});
  EXPECT_ONE_SENTENCE(blind, 4);
  folder_.write("bad.txt", "1.5 0 0 0 0 0 0 1\n2.5 1 0 0 0 0 0\n");
  const auto bad = null({"in", "--poses", "bad.txt", "--fov", "60", "-q", "-o", "out"});
  EXPECT_ONE_SENTENCE(bad, 4);
  EXPECT_THAT(bad.err, HasSubstr("line 2"));
}

TEST_F(LongRun, ADryRunWritesNothing) {
  pictures({"a.png", "b.png"});
  folder_.write("in/broken.png", "no picture");
  const auto result = null(run({"--dry-run"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("a: 1 view of 56x42"));
  EXPECT_THAT(result.out, HasSubstr("broken: would fail"));
  EXPECT_THAT(result.out, HasSubstr("3 scenes, 2 views, 1 would fail; one view takes"));
#ifdef DA3_TEST_PREFETCH
  // 2 of 640x480 while they are decoded, and what is smaller.
  EXPECT_THAT(result.out, HasSubstr("about 4 MB more for images that are read ahead"));
#else
  EXPECT_THAT(result.out, Not(HasSubstr("read ahead")));
#endif
  EXPECT_FALSE(there("out"));
}

TEST_F(LongRun, ADryRunNamesWhatIsDone) {
  pictures({"a.png", "b.png", "c.png"});
  ASSERT_EQ(null(run({})).exit_code, 0);
  fs::remove_all(in("out/b"));
  const std::string log = text_of("out/items.jsonl");
  const auto result = null(run({"--dry-run", "--resume"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("a: done by an earlier run\nb: 1 view of 56x42"));
  EXPECT_THAT(result.out, HasSubstr("3 scenes, 1 view, 2 done by an earlier run; one view takes"));
  EXPECT_EQ(text_of("out/items.jsonl"), log);
  EXPECT_FALSE(there("out/b"));
  EXPECT_EQ(resumed(null(run({"--dry-run"})).out), 0u);
  ASSERT_EQ(resumed(null(run({"--resume"})).err), 2u);
  EXPECT_THAT(null(run({"--dry-run", "--resume"})).out,
              HasSubstr("3 scenes, 0 views, 3 done by an earlier run; nothing was written\n"));
  Words elsewhere = run({"--dry-run", "--resume"});
  std::replace(elsewhere.begin(), elsewhere.end(), std::string("out"), std::string("new"));
  EXPECT_EQ(resumed(null(elsewhere).out), 0u);
  EXPECT_FALSE(there("new"));
}

TEST_F(LongRun, TellsRateAndTimeLeft) {
  pictures({"a.png", "b.png", "c.png"});
  const auto result = null(run({}));
  EXPECT_THAT(result.err, HasSubstr("[2/3] b: 1 view, "));
  EXPECT_THAT(result.err, HasSubstr(" left)"));
  EXPECT_THAT(result.err.substr(result.err.find("[3/3]")), Not(HasSubstr(" left)")));
}

TEST_F(LongRun, AListOnStdinThroughAPattern) {
  pictures({"v10.png", "v2.png"});
  ASSERT_EQ(null({"in/v*.png", "-o", "out", "-f", "mini_npz", "--process-res", "56"}).exit_code, 0);
  const auto inputs = json_of("out/run.json")["scenes"][0]["inputs"];
  EXPECT_THAT(std::string(inputs[0]["path"]), testing::EndsWith("v2.png"));
}

}  // namespace
}  // namespace da3::test
