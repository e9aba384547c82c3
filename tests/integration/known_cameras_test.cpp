// SPDX-License-Identifier: Apache-2.0
// --poses: what comes out of given cameras, in each kind of file. Numbers are upstream's (tiny-posed).
#include "camera_files.hpp"
#include "cpu_fixture.hpp"

namespace da3::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// [N,4,4] to [N,3,4].
std::vector<float> without_last_rows(const std::vector<float>& extrinsics) {
  std::vector<float> all;
  for (size_t i = 0; i + 16 <= extrinsics.size(); i += 16)
    all.insert(all.end(), extrinsics.begin() + static_cast<std::ptrdiff_t>(i),
               extrinsics.begin() + static_cast<std::ptrdiff_t>(i) + 12);
  return all;
}

struct Pose {
  double r[3][3], t[3];
};

/// Pose i of [N,3,4].
Pose pose(const std::vector<float>& extrinsics, size_t i) {
  Pose result;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t column = 0; column < 3; ++column)
      result.r[row][column] = extrinsics[12 * i + 4 * row + column];
    result.t[row] = extrinsics[12 * i + 4 * row + 3];
  }
  return result;
}

/// -R^T t, component by component.
std::array<double, 3> centre(const Pose& p) {
  std::array<double, 3> c{};
  for (size_t k = 0; k < 3; ++k)
    for (size_t row = 0; row < 3; ++row) c[k] -= p.r[row][k] * p.t[row];
  return c;
}

double distance(const Pose& a, const Pose& b) {
  const auto ca = centre(a), cb = centre(b);
  return std::hypot(ca[0] - cb[0], ca[1] - cb[1], ca[2] - cb[2]);
}

class KnownCameras : public CpuHostTest {
 protected:
  KnownCameras() {
    write_views(golden_);
    given_.names = {"0.png", "1.png", "2.png"};
    given_.extrinsics = golden_.floats("input.extrinsics");
    given_.intrinsics = golden_.floats("input.intrinsics");
    folder_.write("named.json", cameras_json(given_).dump());
  }

  ProgramResult posed(const std::string& poses, const std::string& output, const Words& more = {}) const {
    return cpu(words_for(golden_), [&] {
      Words words{"--poses", poses, "-o", output};
      words.insert(words.end(), more.begin(), more.end());
      return words;
    }());
  }

  /// Results in the frame and unit of given_, of the case's three views.
  void expect_in_given_frame(const std::string& output) const {
    expect_near(values(output, "extrinsics"), without_last_rows(given_.extrinsics), 1e-6, output);
    expect_near(values(output, "intrinsics"), given_.intrinsics, 1e-4, output);
    const double scale = json_of(output + "/run.json")["scenes"][0]["alignment"]["scale"];
    expect_dense(times(values(output, "depth"), scale), golden_.floats("output.depth"), output);
  }

  GoldenCase golden_{"tiny-posed"};
  CameraList given_;
};

TEST_F(KnownCameras, OfEveryKindOfFileComeOutAndDepthIsInTheirUnit) {
  CameraList unnamed = given_;
  unnamed.names.clear();
  folder_.write("unnamed.json", cameras_json(unnamed).dump());
  write_npz(in("cameras.npz"), given_);
  write_colmap(in("colmap/sparse/0"), given_, 70, 98);
  for (const char* file : {"named.json", "unnamed.json", "cameras.npz", "colmap"}) {
    SCOPED_TRACE(file);
    const std::string output = std::string("out-") + file;
    const auto result = posed(file, output);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    expect_in_given_frame(output);
    const auto run = json_of(output + "/run.json");
    EXPECT_EQ(run["poses"], file);
    EXPECT_EQ(run["conventions"]["depth"], "z-depth, the unit of the given poses");
    EXPECT_THAT(run["warnings"], IsEmpty());
    const auto& scene = run["scenes"][0];
    EXPECT_EQ(scene["is_metric"], false);
    EXPECT_EQ(scene["scale_factor"], nullptr);
    EXPECT_EQ(scene["alignment"]["frame"], "given poses");
    EXPECT_EQ(scene["alignment"]["by"], "camera centres");
    EXPECT_GE(scene["alignment"]["views_used"], 2);
    EXPECT_GT(std::abs(scene["alignment"]["scale"].get<double>() - 1), 0.01) << "1 would show nothing";
  }
}

TEST_F(KnownCameras, AreMovedIntoTheNetworksFrameWhereNotAligned) {
  const auto result =
      posed("named.json", "out", {"--align-to-input-ext-scale", "--no-align-to-input-ext-scale"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  expect_dense(values("out", "depth"), golden_.floats("output.depth"), "depth is the network's");
  expect_near(values("out", "intrinsics"), given_.intrinsics, 1e-4, "intrinsics");
  const auto run = json_of("out/run.json");
  EXPECT_EQ(run["conventions"]["depth"], "z-depth, relative units");
  const auto alignment = run["scenes"][0]["alignment"];
  EXPECT_EQ(alignment["frame"], "network");

  // A similarity: all distances times one number, and rotations between views as given.
  const auto moved = values("out", "extrinsics"), given = without_last_rows(given_.extrinsics);
  ASSERT_EQ(moved.size(), given.size());
  const double scale = alignment["scale"];
  for (size_t view = 1; view < 3; ++view) {
    const Pose m = pose(moved, view), m0 = pose(moved, 0), g = pose(given, view), g0 = pose(given, 0);
    EXPECT_NEAR(distance(m, m0), scale * distance(g, g0), 1e-4 * scale * distance(g, g0)) << view;
    for (size_t i = 0; i < 3; ++i)
      for (size_t j = 0; j < 3; ++j) {
        double of_moved = 0, of_given = 0;
        for (size_t k = 0; k < 3; ++k) of_moved += m.r[i][k] * m0.r[j][k], of_given += g.r[i][k] * g0.r[j][k];
        EXPECT_NEAR(of_moved, of_given, 1e-5) << view;
      }
  }
  EXPECT_GT(deviation(moved, given).largest, 0.1) << "still in the given frame";
  // The frame is the network's: least squares put the middle of the centres upon that of the predicted ones.
  if (alignment["views_used"] == 3) {
    const auto predicted = golden_.floats("output.extrinsics");
    for (size_t k = 0; k < 3; ++k) {
      double middle = 0;
      for (size_t view = 0; view < 3; ++view)
        middle += centre(pose(moved, view))[k] - centre(pose(predicted, view))[k];
      EXPECT_NEAR(middle / 3, 0, 2e-3) << k;
    }
  }
}

TEST_F(KnownCameras, OfARunsOwnResultsGoBackIn) {
  // Smaller than the files: the intrinsics in results.npz are of 56x42, not of 98x70.
  ASSERT_EQ(posed("named.json", "first", {"--process-res", "56"}).exit_code, 0);
  const auto result = posed("first/exports/npz/results.npz", "second", {"--process-res", "56"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  expect_near(values("second", "extrinsics"), values("first", "extrinsics"), 1e-6, "extrinsics");
  expect_near(values("second", "intrinsics"), values("first", "intrinsics"), 1e-3, "intrinsics");
  EXPECT_LT(values("first", "intrinsics")[0], 60) << "of the processed size";
  expect_dense(values("second", "depth"), values("first", "depth"), "depth");
  // Those that a run predicted do too.
  ASSERT_EQ(cpu(words_for(golden_), {"-o", "free"}).exit_code, 0);
  EXPECT_EQ(json_of("free/run.json")["poses"], nullptr);
  EXPECT_FALSE(json_of("free/run.json")["scenes"][0].contains("alignment"));
  ASSERT_EQ(posed("free/exports/npz/results.npz", "again").exit_code, 0);
  expect_near(values("again", "extrinsics"), values("free", "extrinsics"), 1e-6, "extrinsics");
}

TEST_F(KnownCameras, AreFoundByNameInAnyOrder) {
  write_colmap(in("colmap"), given_, 70, 98);
  Words words = words_for(golden_);
  words.erase(words.begin());
  words.insert(words.end(), {"views/2.png", "views/0.png", "views/1.png"});
  const auto given = without_last_rows(given_.extrinsics);
  std::vector<float> want;
  for (const size_t view : {2, 0, 1}) {
    const auto one = part(given, 12, view);
    want.insert(want.end(), one.begin(), one.end());
  }
  for (const char* file : {"named.json", "colmap"}) {
    const auto result = cpu(words, {"--poses", file, "-o", "out"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    expect_near(values("out", "extrinsics"), want, 1e-6, file);
  }
}

TEST_F(KnownCameras, WithoutNamesGoToTheImagesOfAllScenesInOrder) {
  for (const char* folder : {"scenes/b", "scenes/a"}) std::filesystem::create_directories(in(folder));
  std::filesystem::copy(in("views/0.png"), in("scenes/a/0.png"));
  std::filesystem::copy(in("views/1.png"), in("scenes/a/1.png"));
  std::filesystem::copy(in("views/2.png"), in("scenes/b/2.png"));
  given_.names.clear();
  for (size_t view = 0; view < 3; ++view) given_.intrinsics[9 * view] = 80 + 5 * static_cast<float>(view);
  write_npz(in("cameras.npz"), given_);
  Words words = words_for(golden_);
  words.front() = "scenes";
  const auto result = cpu(words, {"--poses", "cameras.npz", "-o", "out"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto given = without_last_rows(given_.extrinsics);
  expect_near(values("out/a", "extrinsics"), part(given, 12, 0, 2), 1e-6, "a");
  expect_near(values("out/b", "extrinsics"), part(given, 12, 2), 1e-6, "b");
  expect_near(values("out/a", "intrinsics"), part(given_.intrinsics, 9, 0, 2), 1e-4, "a");
  expect_near(values("out/b", "intrinsics"), part(given_.intrinsics, 9, 2), 1e-4, "b");
}

TEST_F(KnownCameras, ThatLookInvertedGetAWarningAndTheRunGoesOn) {
  // Four upright cameras around the origin, looking at it from 3 away.
  std::filesystem::copy(in("views/0.png"), in("views/3.png"));
  CameraList orbit, inverted;
  for (size_t view = 0; view < 4; ++view) {
    const auto c = static_cast<float>(std::cos(1.5 * static_cast<double>(view)));
    const auto s = static_cast<float>(std::sin(1.5 * static_cast<double>(view)));
    // Rows: right, down, forward; the centre is -3 times forward.
    orbit.extrinsics.insert(orbit.extrinsics.end(), {c, 0, -s, 0, 0, 1, 0, 0, s, 0, c, 3, 0, 0, 0, 1});
    inverted.extrinsics.insert(inverted.extrinsics.end(),
                               {c, 0, s, -3 * s, 0, 1, 0, 0, -s, 0, c, -3 * c, 0, 0, 0, 1});
  }
  folder_.write("orbit.json", cameras_json(orbit).dump());
  folder_.write("inverted.json", cameras_json(inverted).dump());
  Words words = words_for(golden_);
  words.back() = "--focal=87";  // instead of -q
  const auto right = cpu(words, {"--poses", "orbit.json", "-o", "right"});
  ASSERT_EQ(right.exit_code, 0) << right.err;
  EXPECT_THAT(right.err, Not(HasSubstr("warning")));
  EXPECT_THAT(json_of("right/run.json")["warnings"], IsEmpty());
  const auto wrong = cpu(words, {"--poses", "inverted.json", "-o", "wrong"});
  ASSERT_EQ(wrong.exit_code, 0) << wrong.err;
  EXPECT_THAT(wrong.err, HasSubstr("da3-host: warning: "));
  EXPECT_THAT(wrong.err, HasSubstr("camera-to-world matrices"));
  const auto warnings = json_of("wrong/run.json")["warnings"];
  ASSERT_EQ(warnings.size(), 2u) << warnings;
  EXPECT_THAT(warnings[0].get<std::string>(), HasSubstr("camera-to-world matrices"));
  // Read the wrong way round, all of these cameras stand in one place.
  EXPECT_THAT(warnings[1].get<std::string>(), HasSubstr("the scale cannot be told"));
  expect_near(values("wrong", "extrinsics"), without_last_rows(inverted.extrinsics), 1e-5, "as given");
}

}  // namespace
}  // namespace da3::test
