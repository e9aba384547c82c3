// SPDX-License-Identifier: Apache-2.0
// Images whose structure is whole and whose pixels cannot be decoded.
#include "host_fixture.hpp"

namespace da3::test {
namespace {

using testing::HasSubstr;

class DamagedImage : public HostTest {
 protected:
  /// The demo's first picture with other bytes in the middle of its pixels.
  void damaged(const path& name) const {
    picture(name);
    std::string bytes = text_of(name);
    for (size_t i = bytes.size() / 2; i < bytes.size() / 2 + 64; ++i)
      bytes[i] = static_cast<char>(bytes[i] ^ 0x5a);
    std::ofstream(in(name), std::ios::binary) << bytes;
  }

  ProgramResult run(const Words& more = {}) const {
    Words words{"in", "-o", "out", "-f", "mini_npz", "--process-res", "56"};
    words.insert(words.end(), more.begin(), more.end());
    return null(words);
  }
};

TEST_F(DamagedImage, IsLeftOutOfItsScene) {
  picture("in/a.png"), picture("in/d.png");
  damaged("in/b.png"), damaged("in/c.png");
  const auto result = run();
  EXPECT_EQ(result.exit_code, 5) << result.err;
  for (const char* name : {"b.png", "c.png"})
    EXPECT_THAT(result.err, testing::ContainsRegex(std::string(name) + ".* is damaged .*; it is left out"));
  const auto scene = json_of("out/run.json")["scenes"][0];
  EXPECT_EQ(scene["views"], 2);
  ASSERT_EQ(scene["skipped"].size(), 2u);
  EXPECT_THAT(std::string(scene["skipped"][0]["path"]), testing::EndsWith("b.png"));
  EXPECT_THAT(std::string(scene["skipped"][1]["path"]), testing::EndsWith("c.png"));
}

TEST_F(DamagedImage, IsAnErrorWhereNoOtherIsLeft) {
  damaged("in/a.png"), damaged("in/b.png");
  const auto result = run({"-q"});
  EXPECT_ONE_SENTENCE(result, 4);
  EXPECT_THAT(result.err, HasSubstr("is damaged"));
  EXPECT_FALSE(there("out/exports"));
}

TEST_F(DamagedImage, LeavesTheOtherScenesOfItsBatchAsTheyAre) {
  for (const char* name : {"in/x/a.png", "in/x/b.png", "in/y/a.png", "in/z/a.png", "in/z/b.png"})
    picture(name);
  damaged("in/y/b.png");
  const auto result = run({"--set", "batch=3"});
  EXPECT_EQ(result.exit_code, 5) << result.err;
  const auto scenes = json_of("out/run.json")["scenes"];
  ASSERT_EQ(scenes.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(scenes[i]["views"], i == 1 ? 1 : 2) << i;
  for (const char* name : {"x", "y", "z"})
    EXPECT_TRUE(there(path("out") / name / "exports/mini_npz/results.npz")) << name;
}

}  // namespace
}  // namespace da3::test
