// SPDX-License-Identifier: Apache-2.0
#include "io/support.hpp"

#include <da3/io/cameras.hpp>

namespace da3::io {
namespace {

using test::expect_error;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Size = std::array<int64_t, 2>;

/// Cameras that are told apart by their x translation: 0, 1, ...
GivenCameras cameras(std::vector<std::string> names, size_t count = 0) {
  GivenCameras result;
  result.names = std::move(names);
  for (size_t i = 0; i < std::max(count, result.names.size()); ++i)
    result.extrinsics.push_back({1, 0, 0, static_cast<double>(i), 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1});
  return result;
}

std::vector<int> chosen(const GivenCameras& given, const std::vector<fs::path>& images) {
  std::vector<int> result;
  for (const Extrinsics& e : cameras_for(given, images).extrinsics) result.push_back(static_cast<int>(e[3]));
  return result;
}

TEST(CamerasFor, names_with_folders_come_first_then_file_names_then_stems) {
  EXPECT_THAT(chosen(cameras({"a/1.jpg", "b/1.jpg"}), {"/x/b/1.jpg", "/x/a/1.jpg"}), ElementsAre(1, 0));
  EXPECT_THAT(chosen(cameras({"1.jpg", "a/1.jpg"}), {"/x/a/1.jpg", "/x/b/1.jpg"}), ElementsAre(1, 0));
  EXPECT_THAT(chosen(cameras({"./2.jpg", "images/1.jpg"}), {"1.jpg", "/y/2.jpg"}), ElementsAre(1, 0));
  EXPECT_THAT(chosen(cameras({"1.png", "2.png", "1.jpg"}), {"2.jpg", "1.jpg", "x/1.png"}),
              ElementsAre(1, 2, 0));
  EXPECT_THAT(chosen(cameras({"aa/1.jpg"}), {"a/1.jpg"}), ElementsAre(0));
  EXPECT_THAT(chosen(cameras({"a.jpg", "extra.jpg"}), {"a.jpg", "a.jpg"}), ElementsAre(0, 0));
  const GivenCameras found = cameras_for(cameras({"a.jpg", "b.jpg"}), {"b.jpg"});
  EXPECT_THAT(found.names, ElementsAre("b.jpg"));
  EXPECT_THAT(found.intrinsics, IsEmpty());
}

TEST(CamerasFor, what_has_no_one_camera_is_refused) {
  expect_error(DA3_E_INVALID, "could be \"a/1.jpg\" or \"b/1.jpg\"", [] {
    chosen(cameras({"a/1.jpg", "b/1.jpg"}), {"1.jpg"});
  });
  expect_error(DA3_E_INVALID, "could be", [] { chosen(cameras({"1.jpg", "1.png"}), {"1.webp"}); });
  expect_error(DA3_E_INVALID, "are both \"1.jpg\"", [] {
    chosen(cameras({"1.jpg"}), {"a/1.jpg", "b/1.jpg"});
  });
  const Error error = expect_error(DA3_E_INVALID, "\"x.jpg\" has none among 1 cameras (2 of 3 images", [] {
    chosen(cameras({"1.jpg"}), {"1.jpg", "x.jpg", "y.jpg"});
  });
  EXPECT_EQ(error.kind(), 2);
  EXPECT_EQ(error.index(), 1);
  expect_error(DA3_E_INVALID, "no images", [] { chosen(cameras({"1.jpg"}), {}); });
  GivenCameras uneven = cameras({"1.jpg", "2.jpg"});
  uneven.extrinsics.pop_back();
  uneven.intrinsics.resize(2);
  expect_error(DA3_E_SHAPE, "differ in length", [&] { chosen(uneven, {"1.jpg"}); });
  expect_error(DA3_E_SHAPE, "differ in length", [] { chosen({}, {"1.jpg"}); });
}

TEST(CamerasFor, without_names_the_order_counts) {
  EXPECT_THAT(chosen(cameras({}, 3), {"c.jpg", "b.jpg", "a.jpg"}), ElementsAre(0, 1, 2));
  expect_error(DA3_E_INVALID, "3 images and 2 cameras", [] { chosen(cameras({}, 2), {"a", "b", "c"}); });
}

const fs::path wide = test::data_dir / "preprocess" / "wide.png",
               tall = test::data_dir / "preprocess" / "tall.jpg";

GivenCameras with_size(Size size, float focal = 100) {
  GivenCameras result;
  result.intrinsics = {
      {focal, 2, static_cast<float>(size[1]) / 2, 0, focal, static_cast<float>(size[0]) / 2, 0, 0, 1}};
  result.sizes = {size};
  return result;
}

TEST(CamerasFor, intrinsics_are_scaled_to_the_files_size) {
  const Size file = plan_views({wide}, {}).original_sizes[0];
  const GivenCameras found = cameras_for(with_size({file[0] * 2, file[1] * 2}), {wide});
  EXPECT_THAT(found.sizes, ElementsAre(file));
  EXPECT_EQ(found.intrinsics[0], (Intrinsics{50, 1, static_cast<float>(file[1]) / 2, 0, 50,
                                             static_cast<float>(file[0]) / 2, 0, 0, 1}));
  EXPECT_EQ(cameras_for(with_size(file), {wide}).intrinsics, with_size(file).intrinsics);
  EXPECT_THAT(found.warnings, IsEmpty());
}

TEST(CamerasFor, sizes_of_another_aspect_are_refused) {
  const Size file = plan_views({wide}, {}).original_sizes[0];
  EXPECT_NO_THROW(cameras_for(with_size({file[0] * 1000, file[1] * 1009}), {wide}));
  expect_error(DA3_E_SHAPE, "that the cameras were made of", [&] {
    cameras_for(with_size({file[0] * 1000, file[1] * 1011}), {wide});
  });
  expect_error(DA3_E_SHAPE, "turned", [&] { cameras_for(with_size({file[1], file[0]}), {wide}); });
  expect_error(DA3_E_SHAPE, "0x5", [&] { cameras_for(with_size({5, 0}), {wide}); });
}

TEST(CamerasFor, what_a_crop_method_may_have_cut_is_refused_with_what_to_give_instead) {
  expect_error(DA3_E_SHAPE, "if a crop method cut them, intrinsics of their original size (format colmap)",
               [] {
                 cameras_for(with_size({504, 504}), {wide});
               });
}

TEST(CamerasFor, sizes_that_preprocessing_gives_are_accepted) {
  for (const auto& file : {wide, tall})
    for (const int64_t res : {168, 252, 504, 1008})
      for (const std::string method : {"upper_bound_resize", "lower_bound_resize"}) {
        const ViewsPlan plan = plan_views({file}, {res, method, 1});
        const GivenCameras found = cameras_for(with_size({plan.height, plan.width}), {file});
        EXPECT_THAT(found.sizes, ElementsAre(plan.original_sizes[0])) << file << " " << res << " " << method;
      }
}

TEST(CamerasFor, a_principal_point_far_from_the_middle_is_warned_of) {
  GivenCameras given = with_size({4000, 3000});
  given.sizes.clear();
  EXPECT_THAT(cameras_for(given, {wide}).warnings, ElementsAre(HasSubstr("far from the middle")));
}

TEST(CamerasFor, files_that_cannot_be_opened_are_named) {
  GivenCameras given = with_size({4, 3});
  const Error error =
      expect_error(DA3_E_NOT_FOUND, "/nowhere/1.png", [&] { cameras_for(given, {"/nowhere/1.png"}); });
  EXPECT_EQ(error.kind(), 2);
  EXPECT_EQ(error.index(), 0);
  EXPECT_EQ(error.native(), ENOENT);
}

}  // namespace
}  // namespace da3::io
