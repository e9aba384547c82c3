// SPDX-License-Identifier: Apache-2.0
// What is metres and what is not: focal lengths for metric models, and nested models.
#include <numbers>

#include "camera_files.hpp"
#include "cpu_fixture.hpp"

namespace da3::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// tiny-mono's two views, and its weights under a metric model's name.
class Metric : public CpuHostTest {
 protected:
  Metric() {
    write_views(golden_);
    const path tiny = checkpoint_folder("tiny-mono");
    std::ifstream file(tiny / "config.json");
    auto config = nlohmann::json::parse(file);
    config["model_name"] = "da3metric-large";
    folder_.write("metric/config.json", config.dump());
    std::filesystem::copy(tiny / "model.safetensors", in("metric"));
  }

  /// At 126x98 to 84x70 (65.3 rounded): x by 2/3, y by 5/7.
  void metric(const std::string& output, const Words& more = {}) const {
    Words words{"views", "--model", "metric", "--process-res", "84", "--format", "npz", "-q", "-o", output};
    const auto result = cpu(words, more);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(json_of(output + "/run.json")["model"]["model.family"], "metric");
  }

  static constexpr double mean_scale = (2.0 / 3 + 5.0 / 7) / 2;
  GoldenCase golden_{"tiny-mono"};
};

void expect_metres(const nlohmann::json& run, bool is) {
  EXPECT_EQ(run["scenes"][0]["is_metric"], is);
  EXPECT_EQ(run["conventions"]["depth"] == "z-depth, metres", is) << run["conventions"]["depth"];
}

TEST_F(Metric, DepthIsMetresByTheFocalLength) {
  metric("plain");
  const auto plain = results("plain", "depth");
  EXPECT_EQ(plain.shape, (std::vector<int64_t>{2, 70, 84}));
  expect_metres(json_of("plain/run.json"), false);
  EXPECT_THAT(std::string(json_of("plain/run.json")["conventions"]["depth"]), HasSubstr("--focal"));
  EXPECT_THROW(values("plain", "intrinsics"), std::runtime_error) << "nobody knows them";

  const double focal = 150, degrees = 2 * std::atan(63 / focal) * 180 / std::numbers::pi;
  for (const auto& [option, value] : {std::pair{"--focal", focal}, {"--fov", degrees}}) {
    const std::string output = option + 2;
    metric(output, {option, std::to_string(value)});
    expect_metres(json_of(output + "/run.json"), true);
    EXPECT_LT(deviation(values(output, "depth"), times(plain.values, focal * mean_scale / 300)).largest, 1e-5)
        << option;
    const auto intrinsics = values(output, "intrinsics");
    ASSERT_EQ(intrinsics.size(), 18u);
    for (const size_t view : {0, 9}) {
      EXPECT_NEAR(intrinsics[view], focal * 2 / 3, 0.01) << option;
      EXPECT_NEAR(intrinsics[view + 4], focal * 5 / 7, 0.01) << option;
    }
    EXPECT_EQ(json_of(output + "/run.json")["poses"], nullptr);
  }
}

TEST_F(Metric, IntrinsicsOfAFileCountForEachView) {
  metric("plain");
  CameraList lenses;
  lenses.names = {"1.png", "0.png"};
  lenses.intrinsics = {200, 0, 63, 0, 230, 49, 0, 0, 1, 100, 0, 63, 0, 110, 49, 0, 0, 1};
  folder_.write("lenses.json", cameras_json(lenses).dump());
  metric("out", {"--poses", "lenses.json"});
  const auto run = json_of("out/run.json");
  expect_metres(run, true);
  EXPECT_EQ(run["poses"], "lenses.json");
  EXPECT_THAT(run["warnings"], testing::IsEmpty());
  const size_t each = 70 * 84;
  const auto plain = values("plain", "depth"), depth = values("out", "depth");
  const double factors[] = {(100 * 2.0 / 3 + 110 * 5.0 / 7) / 600, (200 * 2.0 / 3 + 230 * 5.0 / 7) / 600};
  for (const size_t view : {0, 1})
    EXPECT_LT(deviation(part(depth, each, view), times(part(plain, each, view), factors[view])).largest, 1e-5)
        << view;
}

TEST_F(Metric, OfPosesOnlyTheIntrinsicsAreUsed) {
  CameraList cameras;
  cameras.extrinsics = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1,
                        1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  cameras.intrinsics = {150, 0, 63, 0, 150, 49, 0, 0, 1, 150, 0, 63, 0, 150, 49, 0, 0, 1};
  folder_.write("cameras.json", cameras_json(cameras).dump());
  metric("focal", {"--focal", "150"});
  metric("out", {"--poses", "cameras.json"});
  expect_metres(json_of("out/run.json"), true);
  EXPECT_LT(deviation(values("out", "depth"), values("focal", "depth")).largest, 1e-6);
  const auto warnings = json_of("out/run.json")["warnings"];
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(std::string(warnings[0]), HasSubstr("takes no poses"));
}

TEST_F(Metric, ImagesOfOneRunMayDifferInSize) {
  // The same focal length in pixels is another number of processed pixels in a picture of twice the size.
  std::filesystem::create_directory(in("big"));
  write_image(in("big/0.png"), 196, 252, noise(196, 252).data());
  Words words{"big", "--model", "metric", "--process-res", "126", "--format", "npz", "-q"};
  ASSERT_EQ(cpu(words, {"-o", "plain"}).exit_code, 0);
  ASSERT_EQ(cpu(words, {"-o", "out", "--focal", "600"}).exit_code, 0);
  // Half the size halves the focal length: 300, at which the network's depth is metres.
  EXPECT_LT(deviation(values("out", "depth"), values("plain", "depth")).largest, 1e-5);
  expect_metres(json_of("out/run.json"), true);
}

class Nested : public CpuHostTest {};

TEST_F(Nested, GivesMetresAndItsScale) {
  const GoldenCase golden("tiny-nested");
  write_views(golden);
  const auto result = cpu(words_for(golden), {"-o", "out"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto run = json_of("out/run.json");
  expect_metres(run, true);
  const double want = golden.floats("output.scale_factor").at(0);
  EXPECT_NEAR(run["scenes"][0]["scale_factor"].get<double>(), want, 1e-3 * want);
  expect_dense(values("out", "depth"), golden.floats("output.depth"), "depth");
  expect_near(values("out", "extrinsics"), golden.floats("output.extrinsics"), 1e-3, "extrinsics");
}

TEST_F(Nested, InTheFrameOfGivenPosesItsUnitIsTheirs) {
  const GoldenCase golden("tiny-nested");
  write_views(golden);
  CameraList cameras;
  for (int view = 0; view < 3; ++view) {
    const auto x = static_cast<float>(view), y = static_cast<float>(view * view);
    cameras.extrinsics.insert(cameras.extrinsics.end(), {1, 0, 0, x, 0, 1, 0, y, 0, 0, 1, 0, 0, 0, 0, 1});
  }
  folder_.write("cameras.json", cameras_json(cameras).dump());
  for (const bool aligned : {true, false}) {
    const std::string option = aligned ? "--align-to-input-ext-scale" : "--no-align-to-input-ext-scale";
    const auto result =
        cpu(words_for(golden), {"-o", "out", "--poses", "cameras.json", "--focal", "100", option});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const auto run = json_of("out/run.json");
    expect_metres(run, !aligned);
    if (aligned) {
      EXPECT_EQ(run["conventions"]["depth"], "z-depth, the unit of the given poses");
    }
    EXPECT_TRUE(run["scenes"][0]["scale_factor"].is_number());
  }
}

}  // namespace
}  // namespace da3::test
