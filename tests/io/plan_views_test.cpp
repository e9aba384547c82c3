// SPDX-License-Identifier: Apache-2.0
#include "io/support.hpp"

#include <da3/io/preprocess.hpp>
#include <da3/io/settings.hpp>

#include <nlohmann/json.hpp>

#include <functional>

namespace da3::io {
namespace {

using test::data_dir;
using test::TempDir;

/// Nothing, or the error: both must agree on it.
template <typename Result>
std::string outcome(const std::function<Result()>& action, Result& result) {
  try {
    result = action();
    return "";
  } catch (const Error& e) {
    return std::string(code_name(e.code())) + " " + std::to_string(e.kind()) + " " +
           std::to_string(e.index()) + " " + std::to_string(e.native()) + " " + e.message();
  }
}

void expect_equal(const std::vector<fs::path>& files, const PreprocessOptions& options) {
  SCOPED_TRACE(options.process_res_method + " " + std::to_string(options.process_res) +
               (files.empty() ? "" : " " + files[0].string()));
  Views views;
  ViewsPlan plan;
  const std::string expected = outcome<Views>([&] { return load_views(files, options); }, views);
  EXPECT_EQ(outcome<ViewsPlan>([&] { return plan_views(files, options); }, plan), expected);
  EXPECT_EQ(plan.views, views.views);
  EXPECT_EQ(plan.height, views.height);
  EXPECT_EQ(plan.width, views.width);
  EXPECT_EQ(plan.original_sizes, views.original_sizes);
}

TEST(PlanViews, is_what_load_views_gives_for_upstreams_cases) {
  const fs::path folder = data_dir / "preprocess";
  for (const auto& c : nlohmann::json::parse(test::read_bytes(folder / "cases.json"))) {
    std::vector<fs::path> files;
    for (const std::string file : c.at("files")) files.push_back(folder / file);
    expect_equal(files, {c.at("res"), c.at("method"), 1});
  }
}

TEST(PlanViews, is_what_load_views_gives_for_every_kind_of_file_and_method) {
  for (const auto& entry : fs::directory_iterator(data_dir / "io"))
    if (entry.is_regular_file())
      for (const auto& method : process_res_methods)
        expect_equal({entry.path()}, {56, std::string(method.name), 1});
}

TEST(PlanViews, fails_as_load_views_does) {
  const TempDir dir;
  const fs::path good = data_dir / "io" / "rgb.png", small = data_dir / "preprocess" / "small.png";
  const auto empty = test::write_text(dir / "empty.png", "");
  auto bytes = test::read_bytes(small);
  bytes.resize(bytes.size() / 2);
  const auto cut = test::write_bytes(dir / "cut.png", bytes);
  for (const fs::path& bad : {fs::path("/nowhere.png"), dir.path(), fs::path("/dev/null"), empty, cut, good})
    expect_equal({small, bad, "/nowhere/too"}, {504, "upper_bound_resize", 1});
  expect_equal({}, {});
  expect_equal({small}, {0, "upper_bound_resize", 1});
  expect_equal({small}, {504, "other", 1});
  expect_equal({small}, {6, "upper_bound_crop", 1});
}

TEST(PlanViews, too_many_pixels_are_refused_before_any_is_decoded) {
  const std::vector<fs::path> files(300, data_dir / "preprocess" / "small.png");
  test::expect_error(DA3_E_SHAPE, "too many for one scene", [&] {
    plan_views(files, {4200, "lower_bound_resize", 1});
  });
}

TEST(PlanViews, knows_the_size_of_a_picture_that_is_turned) {
  const fs::path picture = test::data_dir / "io" / "exif.jpg";
  PreprocessOptions options{56};
  options.exif_rotation = true;
  const ViewsPlan plan = plan_views({picture}, options);
  const Views views = load_views({picture}, options);
  EXPECT_EQ(plan.height, views.height);
  EXPECT_EQ(plan.width, views.width);
  EXPECT_GT(plan.height, plan.width);
  EXPECT_EQ(plan.original_sizes, views.original_sizes);
  EXPECT_LT(plan_views({picture}, {56}).height, plan_views({picture}, {56}).width);
}

}  // namespace
}  // namespace da3::io
