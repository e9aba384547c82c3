// SPDX-License-Identifier: Apache-2.0
// Against upstream's InputProcessor: tests/data/preprocess holds its pixels and intrinsics for image files.
#include "io/support.hpp"

#include <da3/io/export.hpp>
#include <da3/io/preprocess.hpp>
#include <da3/io/settings.hpp>

#include <checkpoint/safetensors.hpp>
#include <nlohmann/json.hpp>

#include <cstring>

namespace da3::io {
namespace {

using test::data_dir;
using test::expect_error;

const fs::path folder = data_dir / "preprocess";

struct Case {
  std::string key, method;
  std::vector<std::string> files;
  int64_t res;
};

std::vector<Case> cases() {
  std::vector<Case> result;
  for (const auto& c : nlohmann::json::parse(test::read_bytes(folder / "cases.json")))
    result.push_back({c.at("key"), c.at("method"), c.at("files"), c.at("res")});
  return result;
}

std::vector<Intrinsics> intrinsics_of(const checkpoint::TensorView& tensor) {
  std::vector<Intrinsics> result(tensor.bytes / sizeof(Intrinsics));
  std::memcpy(result.data(), tensor.data, tensor.bytes);
  return result;
}

Views load(const Case& c, const checkpoint::SafetensorsFile& data, int workers = 1) {
  std::vector<fs::path> files;
  for (const auto& file : c.files) files.push_back(folder / file);
  return load_views(files, {c.res, c.method, workers}, intrinsics_of(data.at(c.key + ".intrinsics_in")));
}

class Golden : public testing::TestWithParam<Case> {};

// The golden pixels come from a newer OpenCV. Area resizing is equal in every pixel; cubic differs by one
// level in at most 4 % of them; where a JPEG is decoded, by two levels in at most 7 %.
TEST_P(Golden, pixels_and_intrinsics_are_upstreams) {
  const Case& c = GetParam();
  const auto data = checkpoint::SafetensorsFile::open(folder / "data.safetensors");
  const Views views = load(c, data);
  const auto& pixels = data.at(c.key + ".pixels");
  ASSERT_THAT(pixels.shape, testing::ElementsAre(views.views, views.height, views.width, 3));
  ASSERT_EQ(views.pixels.size(), pixels.bytes);
  const bool jpeg = c.key.find("tall") != std::string::npos;
  const auto* expected = reinterpret_cast<const uint8_t*>(pixels.data);
  size_t different = 0;
  int largest = 0;
  for (size_t i = 0; i < pixels.bytes; ++i) {
    const int difference = std::abs(int{expected[i]} - int{views.pixels[i]});
    different += difference != 0;
    largest = std::max(largest, difference);
  }
  const double share = static_cast<double>(different) / static_cast<double>(pixels.bytes);
  RecordProperty("different_percent", std::to_string(100 * share));
  EXPECT_LE(largest, jpeg ? 2 : 1);
  EXPECT_LE(share, jpeg ? 0.07 : 0.04);
  const std::vector<std::string> only_area{"wide.upper_bound_crop.168", "exact.upper_bound_crop.168",
                                           "exact.upper_bound_resize.504", "odd.upper_bound_crop.168"};
  if (std::find(only_area.begin(), only_area.end(), c.key) != only_area.end()) {
    EXPECT_EQ(different, 0u);
  }
  EXPECT_EQ(views.intrinsics, intrinsics_of(data.at(c.key + ".intrinsics")));
}

TEST_P(Golden, workers_change_nothing) {
  const auto data = checkpoint::SafetensorsFile::open(folder / "data.safetensors");
  const Views one = load(GetParam(), data, 1), four = load(GetParam(), data, 4);
  EXPECT_EQ(one.pixels, four.pixels);
  EXPECT_EQ(one.intrinsics, four.intrinsics);
  EXPECT_EQ(one.original_sizes, four.original_sizes);
}

INSTANTIATE_TEST_SUITE_P(Preprocess, Golden, testing::ValuesIn(cases()), [](const auto& golden) {
  std::string name = golden.param.key;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

Image flat(int64_t height, int64_t width, uint8_t value = 100) {
  return {height, width, std::vector<uint8_t>(static_cast<size_t>(height * width * 3), value)};
}

TEST(Preprocess, order_of_inputs_is_kept_by_many_workers) {
  std::vector<Image> images;
  for (int i = 0; i < 200; ++i) images.push_back(flat(20 + i % 7, 30, static_cast<uint8_t>(i)));
  const Views views = prepare_views(images, {28, "upper_bound_resize", 16});
  const size_t each = static_cast<size_t>(views.height * views.width * 3);
  for (size_t i = 0; i < images.size(); ++i) EXPECT_EQ(views.pixels[i * each], i);
}

TEST(Preprocess, sizes_are_reported) {
  const Views views = prepare_views({flat(100, 200), flat(200, 100)}, {56, "upper_bound_resize", 1});
  EXPECT_EQ(views.height, 28);
  EXPECT_EQ(views.width, 28);
  using Size = std::array<int64_t, 2>;
  EXPECT_THAT(views.original_sizes, testing::ElementsAre(Size{100, 200}, Size{200, 100}));
  EXPECT_THAT(views.sizes_before_unify, testing::ElementsAre(Size{28, 56}, Size{56, 28}));
  EXPECT_TRUE(views.intrinsics.empty());
}

TEST(Preprocess, ties_between_multiples_go_up) {
  EXPECT_EQ(prepare_views({flat(35, 49)}, {49, "upper_bound_resize", 1}).width, 56);
  EXPECT_EQ(prepare_views({flat(35, 49)}, {49, "upper_bound_resize", 1}).height, 42);
  EXPECT_EQ(prepare_views({flat(34, 48)}, {48, "upper_bound_resize", 1}).height, 28);
}

TEST(Preprocess, sides_round_half_to_even) {
  // 84 x 0.5 of 63 x 1 rows: 31.5 -> 32 and 32.5 -> 32
  EXPECT_EQ(prepare_views({flat(63, 84)}, {42, "upper_bound_crop", 1}).height, 28);
  EXPECT_EQ(prepare_views({flat(35 * 2 - 1 - 14, 84)}, {42, "upper_bound_crop", 1}).height,
            28);                                                                      // 27.5 -> 28
  EXPECT_EQ(prepare_views({flat(85, 112)}, {56, "upper_bound_crop", 1}).height, 42);  // 42.5 -> 42
}

TEST(Preprocess, one_pixel_becomes_504x504) {
  const Views views = prepare_views({flat(1, 1, 77)}, {});
  EXPECT_EQ(views.height, 504);
  EXPECT_EQ(views.width, 504);
  EXPECT_THAT(views.pixels, testing::Each(77));
}

TEST(Preprocess, pictures_that_would_lose_a_side_are_refused) {
  for (const auto& method : process_res_methods) {
    const std::string name(method.name);
    if (!name.starts_with("upper")) continue;
    expect_error(DA3_E_SHAPE, "less long and thin", [&] { prepare_views({flat(10000, 1)}, {504, name, 1}); });
    expect_error(DA3_E_SHAPE, "less long and thin", [&] { prepare_views({flat(1, 10000)}, {504, name, 1}); });
    expect_error(DA3_E_SHAPE, "larger process_res", [&] { prepare_views({flat(60, 60)}, {6, name, 1}); });
  }
  expect_error(DA3_E_SHAPE, "more than the limit", [&] {
    prepare_views({flat(1, 10000)}, {504, "lower_bound_resize", 1});
  });
}

TEST(Preprocess, bad_options_are_refused) {
  for (const int64_t res : {int64_t{0}, int64_t{-14}, int64_t{16385}, INT64_MAX})
    expect_error(DA3_E_BAD_VALUE, "process_res", [&] {
      prepare_views({flat(28, 28)}, {res, "upper_bound_crop", 1});
    });
  expect_error(DA3_E_BAD_VALUE, "upper_bound_resize, upper_bound_crop", [&] {
    prepare_views({flat(28, 28)}, {504, "middle_resize", 1});
  });
  expect_error(DA3_E_INVALID, "none", [&] { prepare_views({}, {}); });
  expect_error(DA3_E_INVALID, "2 intrinsics", [&] { prepare_views({flat(28, 28)}, {}, {{}, {}}); });
  expect_error(DA3_E_SHAPE, "do not fit", [&] { prepare_views({{28, 28, {1, 2, 3}}}, {}); });
  EXPECT_NO_THROW(prepare_views({flat(28, 28)}, {28, "upper_bound_crop", -5}));
}

TEST(Preprocess, the_first_bad_file_is_reported_whatever_the_workers) {
  std::vector<fs::path> files(40, folder / "small.png");
  files[17] = "/nowhere/17.png";
  files[18] = "/nowhere/18.png";
  for (const int workers : {1, 2, 8}) {
    const Error error = expect_error(DA3_E_NOT_FOUND, "17.png", [&] {
      load_views(files, {28, "upper_bound_crop", workers});
    });
    EXPECT_EQ(error.kind(), 2);
    EXPECT_EQ(error.index(), 17);
    EXPECT_EQ(error.native(), ENOENT);
  }
}

TEST(ExportTable, loses_one_level_where_upstream_does) {
  const ExportTable& table = export_table();
  std::array<int, 3> lower{};
  for (size_t c = 0; c < 3; ++c)
    for (int value = 0; value < 256; ++value) {
      const int difference = value - table[c][static_cast<size_t>(value)];
      EXPECT_TRUE(difference == 0 || difference == 1) << c << " " << value;
      lower[c] += difference;
    }
  EXPECT_THAT(lower, testing::ElementsAre(174, 53, 23));
}

}  // namespace
}  // namespace da3::io
