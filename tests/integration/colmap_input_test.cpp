// SPDX-License-Identifier: Apache-2.0
// COLMAP folders as input of da3-host, on the null plugin (which takes no poses): which images are taken.
#include "host_fixture.hpp"

namespace da3::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ColmapFolder : public HostTest {
 protected:
  /// A model of these images, in this order, below scene/.
  void model(const Words& names, const path& folder = "scene/sparse/0",
             const std::string& camera = "PINHOLE 640 480 500 500 320 240") const {
    folder_.write(folder / "cameras.txt", "1 " + camera + "\n");
    std::string images;
    for (size_t i = 0; i < names.size(); ++i)
      images += std::to_string(i + 1) + " 1 0 0 0 " + std::to_string(i) + " 0 0 1 " + names[i] + "\n\n";
    folder_.write(folder / "images.txt", images);
  }
  ProgramResult run(Words words = {"scene"}) const {
    words.insert(words.end(), {"-o", "out", "--process-res", "56", "-f", "mini_npz"});
    return null(words);
  }
  Words taken() const {
    Words names;
    const auto inputs = json_of("out/run.json")["scenes"][0]["inputs"];
    for (const auto& input : inputs)
      names.push_back(std::filesystem::relative(in(std::string(input["path"])), in("scene/images")).string());
    return names;
  }
};

TEST_F(ColmapFolder, ImagesAreThoseOfTheModelInItsOrder) {
  for (const char* name : {"b.png", "left/a.png", "right/a.png", "extra.png"})
    picture(path("scene/images") / name);
  model({"right/a.png", "b.png", "left/a.png"});
  const auto result = run();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(taken(), ElementsAre("right/a.png", "b.png", "left/a.png"));
  EXPECT_THAT(result.err, HasSubstr("1 of 4 images"));
  EXPECT_THAT(result.err, HasSubstr("takes no poses"));
  const auto report = json_of("out/run.json");
  EXPECT_EQ(report["scenes"][0]["name"], "scene");
  EXPECT_EQ(report["poses"], "scene");
}

TEST_F(ColmapFolder, IsFoundInSparseItself) {
  picture("scene/images/a.png");
  model({"a.png"}, "scene/sparse");
  ASSERT_EQ(run().exit_code, 0);
  EXPECT_THAT(taken(), ElementsAre("a.png"));
}

TEST_F(ColmapFolder, AnImageThatIsNotThereIsLeftOut) {
  picture("scene/images/a.png");
  model({"gone.png", "a.png"});
  const auto result = run();
  EXPECT_EQ(result.exit_code, 5) << result.err;
  EXPECT_THAT(taken(), ElementsAre("a.png"));
  EXPECT_THAT(result.err, HasSubstr("gone.png"));
}

TEST_F(ColmapFolder, EachImageByItself) {
  for (const char* name : {"a.png", "b.png"}) picture(path("scene/images") / name);
  model({"a.png", "b.png"});
  ASSERT_EQ(run({"scene", "--mode", "independent"}).exit_code, 0);
  EXPECT_TRUE(there("out/b/exports/mini_npz/results.npz"));
}

TEST_F(ColmapFolder, LensesAreTakenOutOfThePictures) {
  picture("scene/images/a.png");
  model({"a.png"}, "scene/sparse/0", "SIMPLE_RADIAL_FISHEYE 640 480 500 320 240 0.05");
  ASSERT_EQ(run().exit_code, 0);
  EXPECT_EQ(json_of("out/run.json")["scenes"][0]["undistorted"], 1);
  const auto original = run({"scene", "--output-size", "original"});
  EXPECT_EQ(original.exit_code, 4);
  EXPECT_THAT(original.err, HasSubstr("distortion"));
}

TEST_F(ColmapFolder, WhatIsWrongWithItIsTold) {
  picture("scene/images/a.png");
  std::filesystem::create_directories(in("scene/sparse"));
  EXPECT_EQ(run().exit_code, 4);
  EXPECT_THAT(run().err, HasSubstr("sparse/0"));
  model({"../../outside.png"});
  EXPECT_THAT(run().err, HasSubstr("does not lie in images/"));
  model({"a.png"}, "scene/sparse/0", "SIMPLE_RADIAL 640 480 500 320 240 -9");
  EXPECT_THAT(run().err, HasSubstr("folds the picture"));
  EXPECT_EQ(run().exit_code, 4);
  EXPECT_EQ(run({"scene", "--exif-rotation"}).exit_code, 2);
}

}  // namespace
}  // namespace da3::test
