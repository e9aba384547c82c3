// SPDX-License-Identifier: Apache-2.0
// --poses that do not fit the images, or do not say enough: one sentence and exit 4, nothing written.
#include <numbers>

#include "camera_files.hpp"
#include "cpu_fixture.hpp"

namespace da3::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class KnownCamerasErrors : public CpuHostTest {
 protected:
  KnownCamerasErrors() {
    write_views(golden_);
    given_.names = {"0.png", "1.png", "2.png"};
    given_.extrinsics = golden_.floats("input.extrinsics");
    given_.intrinsics = golden_.floats("input.intrinsics");
  }

  std::string json_file(const std::string& name, const CameraList& cameras) const {
    folder_.write(name, cameras_json(cameras).dump());
    return name;
  }

  /// The sentence.
  std::string expect_refused(const std::string& poses, const Words& more = {}) const {
    Words words{"--poses", poses, "-o", "out"};
    words.insert(words.end(), more.begin(), more.end());
    const auto result = cpu(words_for(golden_), words);
    EXPECT_ONE_SENTENCE(result, 4) << poses;
    EXPECT_EQ(result.out, "") << poses;
    EXPECT_FALSE(there("out")) << poses;
    return result.err;
  }

  GoldenCase golden_{"tiny-posed"};
  CameraList given_;
};

TEST_F(KnownCamerasErrors, AnImageWithoutACameraIsNamed) {
  given_.names[1] = "another.png";
  const std::string error = expect_refused(json_file("poses.json", given_));
  EXPECT_THAT(error, AllOf(HasSubstr("views/1.png"), HasSubstr("1 of 3 images have none")));
}

TEST_F(KnownCamerasErrors, TwoImagesOfOneCameraAreNamed) {
  std::filesystem::create_directory(in("more"));
  std::filesystem::copy(in("views/1.png"), in("more/1.png"));
  const std::string error = expect_refused(json_file("poses.json", given_), {"more/1.png"});
  EXPECT_THAT(error, AllOf(HasSubstr("views/1.png"), HasSubstr("more/1.png")));
}

TEST_F(KnownCamerasErrors, AnotherCountThanImagesIsTold) {
  CameraList two;
  two.extrinsics = part(given_.extrinsics, 16, 0, 2);
  two.intrinsics = part(given_.intrinsics, 9, 0, 2);
  EXPECT_THAT(expect_refused(json_file("two.json", two)),
              AllOf(HasSubstr("two.json"), HasSubstr("2 cameras"), HasSubstr("3 images")));
  write_npz(in("two.npz"), two);
  EXPECT_THAT(expect_refused("two.npz"), AllOf(HasSubstr("2 cameras"), HasSubstr("3 images")));
}

TEST_F(KnownCamerasErrors, PosesNeedIntrinsicsOrOneNumber) {
  CameraList poses = given_;
  poses.intrinsics.clear();
  json_file("poses.json", poses);
  EXPECT_THAT(expect_refused("poses.json"),
              AllOf(HasSubstr("poses.json"), HasSubstr("--focal"), HasSubstr("--fov")));
  // The case's cameras have square pixels and their principal point in the middle.
  const double focal = given_.intrinsics[0];
  const double degrees = 2 * std::atan(49 / focal) * 180 / std::numbers::pi;
  for (const auto& [option, value] : {std::pair{"--focal", focal}, {"--fov", degrees}}) {
    const auto result =
        cpu(words_for(golden_), {"--poses", "poses.json", option, std::to_string(value), "-o", option + 2});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    expect_near(values(option + 2, "intrinsics"), given_.intrinsics, 1e-3, option);
    const double scale = json_of(std::string(option + 2) + "/run.json")["scenes"][0]["alignment"]["scale"];
    expect_dense(times(values(option + 2, "depth"), scale), golden_.floats("output.depth"), option);
  }
}

TEST_F(KnownCamerasErrors, IntrinsicsTwice) {
  json_file("poses.json", given_);
  for (const char* option : {"--focal=87", "--fov=60"})
    EXPECT_THAT(expect_refused("poses.json", {option}),
                AllOf(HasSubstr("poses.json"), HasSubstr("given twice"), HasSubstr("--focal")));
}

TEST_F(KnownCamerasErrors, FilesThatAreNone) {
  folder_.write("half.json", cameras_json(given_).dump().substr(0, 300));
  folder_.write("text.txt", "no cameras here");
  folder_.write("empty.npz", "");
  std::filesystem::create_directory(in("folder"));
  write_npz(in("whole.npz"), given_);
  folder_.write("half.npz", text_of("whole.npz").substr(0, 400));
  CameraList scaled = given_;
  for (const size_t i : {0, 1, 2}) scaled.extrinsics[i] *= 2;
  json_file("scaled.json", scaled);
  for (const char* name :
       {"half.json", "text.txt", "empty.npz", "folder", "half.npz", "missing.json", "scaled.json"})
    EXPECT_THAT(expect_refused(name), HasSubstr(name));
}

TEST_F(KnownCamerasErrors, PicturesOfAnotherShapeThanTheCameras) {
  write_colmap(in("colmap"), given_, 98, 70);
  EXPECT_THAT(expect_refused("colmap"), AllOf(HasSubstr("70x98"), HasSubstr("98x70")));
}

}  // namespace
}  // namespace da3::test
