// SPDX-License-Identifier: Apache-2.0
// da3-make-checkpoint as a program: what it writes where, and its exit codes.
#include <sys/wait.h>

#include <cstdlib>

#include "checkpoint/safetensors.hpp"
#include "unit/checkpoint_files.hpp"

namespace da3 {
namespace {

using test::CheckpointFolder;
using testing::HasSubstr;

struct Outcome {
  int code;
  std::string out, err;
};

Outcome run(const CheckpointFolder& folder, const std::string& arguments) {
  const std::string out = (folder.path / "out.txt").string(), err = (folder.path / "err.txt").string();
  const int status = std::system(
      ("'" DA3_MAKE_CHECKPOINT "' " + arguments + " >'" + out + "' 2>'" + err + "' </dev/null").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, test::read_bytes(out), test::read_bytes(err)};
}

TEST(MakeCheckpointTool, MakesAFolder) {
  CheckpointFolder folder;
  const std::string target = (folder.path / "t").string();
  const Outcome made = run(folder, "tiny-mono " + target);
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.out, target + "\n");
  EXPECT_NO_THROW(checkpoint::SafetensorsFile::open(target + "/model.safetensors"));
  EXPECT_THAT(test::read_bytes(target + "/config.json"), HasSubstr("\"tiny-mono\""));
}

TEST(MakeCheckpointTool, TheSuffixAndTheFlagAreOne) {
  CheckpointFolder folder;
  const std::string at = folder.path.string();
  ASSERT_EQ(run(folder, "tiny-outliers " + at + "/a").code, 0);
  ASSERT_EQ(run(folder, "tiny " + at + "/b --outliers").code, 0);
  ASSERT_EQ(run(folder, "tiny " + at + "/c").code, 0);
  EXPECT_EQ(test::read_bytes(at + "/a/model.safetensors"), test::read_bytes(at + "/b/model.safetensors"));
  EXPECT_NE(test::read_bytes(at + "/a/model.safetensors"), test::read_bytes(at + "/c/model.safetensors"));
  EXPECT_EQ(test::read_bytes(at + "/a/config.json"), test::read_bytes(at + "/c/config.json"));
}

TEST(MakeCheckpointTool, MakesAModelOfAConfigFile) {
  CheckpointFolder folder;
  EXPECT_EQ(run(folder, "'" DA3_SOURCE_DIR "/models/demo/config.json' " + folder.path.string() + "/d").code,
            0);
  EXPECT_THAT(test::read_bytes(folder.path / "d" / "config.json"), HasSubstr("da3-demo"));
}

TEST(MakeCheckpointTool, ExitCodes) {
  CheckpointFolder folder;
  folder.write("file", "");
  const std::string at = folder.path.string();
  EXPECT_EQ(run(folder, "--help").code, 0);
  EXPECT_EQ(run(folder, "--version").code, 0);
  EXPECT_EQ(run(folder, "").code, 2);
  EXPECT_EQ(run(folder, "tiny").code, 2);
  EXPECT_EQ(run(folder, "tiny " + at + "/x --nonsense").code, 2);
  const Outcome unknown = run(folder, "da3-huge " + at + "/x");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("da3-small, da3-base"));
  EXPECT_EQ(run(folder, at + "/file " + at + "/x").code, 2) << "an empty config.json";
  const Outcome blocked = run(folder, "tiny " + at + "/file");
  EXPECT_EQ(blocked.code, 4);
  EXPECT_THAT(blocked.err, HasSubstr("cannot make the folder"));
  EXPECT_EQ(run(folder, "tiny /proc/da3").code, 4);
  EXPECT_FALSE(std::filesystem::exists(folder.path / "x"));
}

}  // namespace
}  // namespace da3
