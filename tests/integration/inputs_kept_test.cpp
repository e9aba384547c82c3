// SPDX-License-Identifier: Apache-2.0
// A run replaces none of the files that it reads, on the null plugin: exit code 4 before the network runs.
#include "host_fixture.hpp"
#include "inputs/input_files.hpp"

namespace da3::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class InputsKept : public HostTest {
 protected:
  void SetUp() override { std::filesystem::create_directory(in("model")); }

  ProgramResult run(Words words) const {
    words.insert(words.end(), {"--model", in("model").string(), "--process-res", "56", "-q"});
    return null(words);
  }

  void expect_refused(const ProgramResult& result, const std::string& file, const std::string& before) const {
    EXPECT_ONE_SENTENCE(result, 4);
    EXPECT_THAT(result.err, AllOf(HasSubstr(file), HasSubstr("is one of the inputs"),
                                  HasSubstr("another output folder")));
    EXPECT_EQ(text_of(file), before);
  }
};

TEST_F(InputsKept, AnImageWithTheNameOfAResult) {
  picture("photos/a.png");
  picture("photos/sheet.png");
  const std::string before = text_of("photos/sheet.png");
  expect_refused(run({"photos", "-o", "photos", "--format", "sheet"}), "photos/sheet.png", before);
  EXPECT_FALSE(there("photos/run.json"));
  EXPECT_EQ(run({"photos", "-o", "photos", "--format", "depth_vis"}).exit_code, 0);
}

TEST_F(InputsKept, ByAnotherPathToo) {
  picture("photos/sheet.png");
  std::filesystem::create_directory_symlink("photos", in("link"));
  expect_refused(run({"photos/sheet.png", "-o", "link", "--format", "sheet"}), "link/sheet.png",
                 text_of("photos/sheet.png"));
}

TEST_F(InputsKept, AViewOfEachView) {
  picture("out/depth_vis/0001.jpg");
  picture("a.png");
  const std::string before = text_of("out/depth_vis/0001.jpg");
  const Words words{"a.png", "out/depth_vis/0001.jpg", "-o", "out", "--format", "depth_vis"};
  expect_refused(run(words), "out/depth_vis/0001.jpg", before);
  EXPECT_FALSE(there("out/depth_vis/0000.jpg"));
}

/// Also of a scene that this shard does not run.
TEST_F(InputsKept, OfAnotherSceneThanTheOneThatWouldReplaceIt) {
  picture("a.png");
  picture("out/a/sheet.png");
  const std::string before = text_of("out/a/sheet.png");
  const Words words{"a.png", "out/a/sheet.png", "--mode", "independent", "-o",
                    "out",   "--format",        "sheet",  "--shard",     "1/2"};
  expect_refused(run(words), "out/a/sheet.png", before);
}

TEST_F(InputsKept, APictureThatComesWhileTheProgramRuns) {
  picture("out/sheet/sheet.png");
  const std::string before = text_of("out/sheet/sheet.png");
  const auto result = run({"--follow", "out/sheet", "--frames", "1", "-o", "out", "--format", "sheet"});
  EXPECT_EQ(result.exit_code, 4) << result.err;
  EXPECT_THAT(result.err, HasSubstr("is one of the inputs"));
  EXPECT_EQ(text_of("out/sheet/sheet.png"), before);
}

TEST_F(InputsKept, TheProfile) {
  picture("a.png");
  folder_.write("out/profile.md", "process_res: 56\n");
  expect_refused(run({"a.png", "--config", "out/profile.md", "-o", "out", "--profile-run"}), "out/profile.md",
                 "process_res: 56\n");
}

TEST_F(InputsKept, FilesOfModelsAndCameras) {
  for (const char* file : {"m/config.json", "scene/sparse/0/images.txt", "poses.npz", "other"})
    folder_.write(file, "x");
  host::InputFiles files;
  files.add_model(in("m"));
  files.add_poses(in("scene"));
  files.add_poses(in("poses.npz"));
  for (const char* file : {"m/config.json", "scene/sparse/0/images.txt", "poses.npz"})
    EXPECT_TRUE(files.has(in(file))) << file;
  EXPECT_FALSE(files.has(in("other")));
  EXPECT_FALSE(files.has(in("nothing")));
}

TEST_F(InputsKept, AStreamGoesOverNoOtherFile) {
  picture("photos/a.png");
  const Words words{"--follow", "photos", "--frames", "1", "--stream-to", "depth"};
  folder_.write("depth", "a picture");
  const auto refused = run(words);
  EXPECT_ONE_SENTENCE(refused, 4);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("\"depth\""), HasSubstr("no earlier stream")));
  EXPECT_EQ(text_of("depth"), "a picture");
  folder_.write("depth", "");
  EXPECT_EQ(run(words).exit_code, 0);
  const std::string stream = text_of("depth");
  EXPECT_EQ(stream.substr(0, 4), "DA3D");
  EXPECT_EQ(run(words).exit_code, 0);
  EXPECT_EQ(text_of("depth").size(), stream.size());
}

}  // namespace
}  // namespace da3::test
