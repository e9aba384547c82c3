// SPDX-License-Identifier: Apache-2.0
// Every format from a model that has all that formats are made of: the giant's kind, small (tiny-giant), with
// upstream's gaussians in gs_ply; and the nested kind.
#include <cstring>
#include <da3/io/settings.hpp>
#include <map>
#include <set>
#include <sstream>

#include "cpu_fixture.hpp"
#include "scenes/result_files.hpp"

namespace da3::test {
namespace {

using testing::HasSubstr;

/// gs_ply/0000.ply: the columns by name.
using Columns = std::map<std::string, std::vector<float>>;

Columns read_ply(const std::string& text) {
  const size_t data = text.find("end_header\n") + std::strlen("end_header\n");
  std::istringstream head(text.substr(0, data));
  std::vector<std::string> names;
  size_t count = 0;
  for (std::string line; std::getline(head, line);) {
    std::istringstream words(line);
    std::string first, second, third;
    words >> first >> second >> third;
    if (first == "element") count = std::stoul(third);
    if (first == "property") names.push_back(third);
  }
  Columns columns;
  EXPECT_EQ(text.size(), data + count * names.size() * 4);
  if (text.size() != data + count * names.size() * 4) return columns;
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < names.size(); ++c) {
      float value = 0;
      std::memcpy(&value, text.data() + data + (i * names.size() + c) * 4, 4);
      columns[names[c]].push_back(value);
    }
  return columns;
}

class EveryFormat : public CpuHostTest {
 protected:
  static std::string all() {
    std::string names;
    for (const auto& format : io::export_formats)
      names += (names.empty() ? "" : "-") + std::string(format.name);
    return names;
  }

  static Words host_formats() { return io::parse_formats(all()); }

  /// One scene for each view of the case, the first one with a blank in its name.
  ProgramResult run_each(const GoldenCase& golden, const Words& more) const {
    write_views(golden);
    std::filesystem::rename(in("views/0.png"), in("views/0 0.png"));
    Words words = words_for(golden);
    words.insert(words.end(), {"-o", "out", "--mode", "independent"});
    words.insert(words.end(), more.begin(), more.end());
    return cpu(words);
  }

  ProgramResult run(const GoldenCase& golden, const Words& more) const {
    write_views(golden);
    Words words = words_for(golden);
    words.insert(words.end(), more.begin(), more.end());
    return cpu(words);
  }

  std::vector<float> raw_depth(const path& output, int views) const {
    std::vector<float> depth;
    for (int view = 0; view < views; ++view) {
      const std::string bytes = text_of(output / ("raw/000" + std::to_string(view) + ".bin"));
      depth.resize(depth.size() + bytes.size() / 4);
      std::memcpy(depth.data() + depth.size() - bytes.size() / 4, bytes.data(), bytes.size());
    }
    return depth;
  }

  /// Upstream's choice of gaussians: without a border, and of each view the nearer nine tenths.
  static std::vector<size_t> kept(const std::vector<float>& depth, size_t height, size_t width) {
    std::vector<size_t> list;
    const size_t pixels = height * width;
    for (size_t view = 0; view < depth.size() / pixels; ++view) {
      const auto begin = depth.begin() + static_cast<std::ptrdiff_t>(view * pixels);
      std::vector<float> sorted(begin, begin + static_cast<std::ptrdiff_t>(pixels));
      std::sort(sorted.begin(), sorted.end());
      const float farthest = sorted[(pixels - 1) * 9 / 10];
      for (size_t y = height * 8 / 256; y < height - height * 8 / 256; ++y)
        for (size_t x = width * 8 / 256; x < width - width * 8 / 256; ++x)
          if (const size_t i = view * pixels + y * width + x; depth[i] <= farthest) list.push_back(i);
    }
    return list;
  }
};

TEST_F(EveryFormat, OfTheGiantsKindIsWrittenAndNamed) {
  const GoldenCase golden("tiny-giant-gs");
  const auto result = run(golden, {"-o", "out", "--format", all(), "--export-feat", "2"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::set<std::string> told;
  const auto report = json_of("out/run.json");
  for (const auto& file : report["scenes"][0]["outputs"]) {
    told.insert(file.get<std::string>());
    EXPECT_GT(std::filesystem::file_size(in(path("out") / file.get<std::string>())), 0u) << file;
  }
  // Those that a run looks for among its inputs; without poses there would be ply/.
  const auto known = host::result_files(host_formats(), {2}, "extend", 2);
  for (const std::string& file : told) EXPECT_THAT(known, testing::Contains(path(file)));
  for (const char* file : {"exports/npz/results.npz",
                           "exports/mini_npz/results.npz",
                           "depth_vis/0001.jpg",
                           "sheet.png",
                           "feat_vis/feat_layer_2/000001.jpg",
                           "exports/features/feat_layer_2.npy",
                           "scene.glb",
                           "scene.jpg",
                           "scene.ply",
                           "gs_ply/0000.ply",
                           "cameras.bin",
                           "images.bin",
                           "points3D.bin",
                           "rigs.bin",
                           "frames.bin",
                           "cameras.txt",
                           "images.txt",
                           "points3D.txt",
                           "png16/0001.png",
                           "png16/units.json",
                           "exr/0001.exr",
                           "pfm/0001.pfm",
                           "tiff32/0001.tiff",
                           "raw/0001.bin"})
    EXPECT_THAT(told, testing::Contains(file));
  expect_dense(values("out", "depth"), golden.floats("output.depth"), "depth");
  expect_dense(raw_depth("out", 2), golden.floats("output.depth"), "raw depth");
}

TEST_F(EveryFormat, GaussiansAreUpstreams) {
  const GoldenCase golden("tiny-giant-gs");
  const auto result = run(golden, {"-o", "out", "--format", "gs_ply-raw"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<size_t> pixels = kept(raw_depth("out", 2), 56, 70);
  const Columns ply = read_ply(text_of("out/gs_ply/0000.ply"));
  ASSERT_EQ(ply.at("x").size(), pixels.size());
  const auto wanted = [&](const std::string& name, size_t each, size_t entry) {
    const std::vector<float> every = golden.floats("output.gaussians." + name);
    std::vector<float> list;
    for (const size_t i : pixels) list.push_back(every[i * each + entry]);
    return list;
  };
  const auto as = [&](const std::string& column, float (*value)(float)) {
    std::vector<float> list = ply.at(column);
    for (float& entry : list) entry = value(entry);
    return list;
  };
  const auto same = [](float x) { return x; };
  const auto exponential = [](float x) { return std::exp(x); };
  for (size_t c = 0; c < 3; ++c) {
    const std::string n = std::to_string(c);
    expect_dense(as(std::string(1, "xyz"[c]), same), wanted("means", 3, c), "means");
    expect_dense(as("scale_" + n, exponential), wanted("scales", 3, c), "scales");
    expect_dense(as("f_dc_" + n, same), wanted("harmonics", 27, c * 9), "harmonics");
  }
  expect_dense(as("opacity", [](float x) { return 1 / (1 + std::exp(-x)); }), wanted("opacities", 1, 0),
               "opacities");
  // q and -q turn alike.
  std::vector<double> products(pixels.size());
  for (size_t c = 0; c < 4; ++c) {
    const auto &rotations = ply.at("rot_" + std::to_string(c)), want = wanted("rotations", 4, c);
    for (size_t i = 0; i < pixels.size(); ++i) products[i] += rotations[i] * want[i];
  }
  for (size_t i = 0; i < pixels.size(); ++i) ASSERT_NEAR(std::abs(products[i]), 1, 1e-3) << i;
}

/// The disk would take the next one.
TEST_F(EveryFormat, ASceneThatCannotBeWrittenInAFormatFailsAlone) {
  const auto result = run_each(GoldenCase("tiny-giant-gs"), {"--format", "colmap_text"});
  EXPECT_EQ(result.exit_code, 5) << result.err;
  EXPECT_THAT(result.err, HasSubstr("the name \"0 0.png\" has a space"));
  const auto report = json_of("out/run.json");
  EXPECT_EQ(report["scenes"][0]["failure"]["phase"], "output");
  EXPECT_EQ(report["scenes"][1]["ok"], true);
  EXPECT_TRUE(there("out/1/images.txt"));
}

TEST_F(EveryFormat, TooFewViewsAreTheirScenesFailure) {
  const GoldenCase golden("tiny-giant-gs");
  write_views(golden, "views/a");
  write_views(golden, "views/b");
  std::filesystem::remove(in("views/a/1.png"));
  Words words = words_for(golden);
  words.insert(words.end(), {"-o", "out", "--format", "colmap", "--colmap-tracks"});
  const auto result = cpu(words);
  EXPECT_THAT(result.err, HasSubstr("[1/2] a: failed: exporting colmap with tracks failed"));
  // Whether the views of b agree is the network's matter.
  EXPECT_TRUE(there("out/b/images.bin") || result.err.find("[2/2] b: failed") != std::string::npos)
      << result.err;
}

TEST_F(EveryFormat, CamerasThatAreReadAreNotReplaced) {
  const GoldenCase golden("tiny-giant-gs");
  ASSERT_EQ(run(golden, {"-o", "out"}).exit_code, 0);
  const std::string before = text_of("out/exports/npz/results.npz");
  Words words = words_for(golden);
  words.insert(words.end(), {"-o", "out", "--poses", "out/exports/npz/results.npz"});
  auto result = cpu(words);
  EXPECT_ONE_SENTENCE(result, 4);
  EXPECT_THAT(result.err, HasSubstr("is one of the inputs"));
  EXPECT_EQ(text_of("out/exports/npz/results.npz"), before);

  ASSERT_EQ(run(golden, {"-o", "scene/sparse/0", "--format", "colmap_text"}).exit_code, 0);
  std::filesystem::rename(in("views"), in("scene/images"));
  const std::string model = text_of("scene/sparse/0/images.txt");
  words = words_for(golden);
  words.front() = "scene";
  words.insert(words.end(), {"-o", "scene/sparse/0", "--format", "colmap_text"});
  result = cpu(words);
  EXPECT_ONE_SENTENCE(result, 4);
  EXPECT_EQ(text_of("scene/sparse/0/images.txt"), model);
}

TEST_F(EveryFormat, OfTheNestedKindIsInMetres) {
  const GoldenCase golden("tiny-nested-posed");
  const auto result = run(golden, {"-o", "out", "--format", all(), "--export-feat", "2"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(json_of("out/run.json")["scenes"][0]["is_metric"], true);
  EXPECT_THAT(text_of("out/png16/units.json"), HasSubstr(", metres"));
  for (const auto& [name, column] : read_ply(text_of("out/gs_ply/0000.ply")))
    for (const float value : column) ASSERT_TRUE(std::isfinite(value)) << name;
}

}  // namespace
}  // namespace da3::test
