// SPDX-License-Identifier: Apache-2.0
#include "io/support.hpp"

#include <da3/io/focal.hpp>

#include <cmath>
#include <limits>

namespace da3::io {
namespace {

using test::expect_error;

TEST(Focal, intrinsics_have_square_pixels_and_the_middle) {
  EXPECT_EQ(intrinsics_from_focal(1200.5, 481, 640),
            (Intrinsics{1200.5f, 0, 320, 0, 1200.5f, 240.5f, 0, 0, 1}));
}

TEST(Focal, field_of_view) {
  EXPECT_FLOAT_EQ(intrinsics_from_fov(90, 480, 640)[0], 320);
  EXPECT_FLOAT_EQ(intrinsics_from_fov(60, 480, 640)[4], static_cast<float>(320 * std::sqrt(3.0)));
  EXPECT_EQ(intrinsics_from_fov(60, 480, 640)[5], 240);
}

TEST(Focal, bad_numbers_are_refused) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double focal : {0.0, -1.0, infinity, -infinity, double{NAN}, 1e300, 1e-300})
    expect_error(DA3_E_BAD_VALUE, "focal length", [&] { intrinsics_from_focal(focal, 480, 640); });
  for (const double angle : {0.0, -1.0, 180.0, infinity, double{NAN}})
    expect_error(DA3_E_BAD_VALUE, "field of view", [&] { intrinsics_from_fov(angle, 480, 640); });
  expect_error(DA3_E_BAD_VALUE, "640x0", [] { intrinsics_from_focal(100, 0, 640); });
  expect_error(DA3_E_BAD_VALUE, "focal length", [] { intrinsics_from_fov(90, 480, -640); });
}

TEST(Focal, metres_are_those_of_each_views_mean_focal_length) {
  std::vector<float> depth{1, 2, 3, 4};
  const std::vector<Intrinsics> processed{{600, 0, 0, 0, 600, 0, 0, 0, 1}, {100, 0, 0, 0, 200, 0, 0, 0, 1}};
  depth_in_metres(depth, 2, 1, 2, processed);
  EXPECT_THAT(depth, testing::ElementsAre(2, 4, 1.5f, 2));
}

TEST(Focal, metres_change_nothing_when_refused) {
  std::vector<float> depth{1, 2, 3, 4};
  const std::vector<Intrinsics> good(2, {600, 0, 0, 0, 600, 0, 0, 0, 1});
  std::vector<Intrinsics> bad = good;
  bad[1][4] = 0;
  expect_error(DA3_E_SHAPE, "4 values", [&] { depth_in_metres(depth, 2, 2, 2, good); });
  expect_error(DA3_E_SHAPE, "4 values",
               [&] { depth_in_metres(depth, INT64_MAX, INT64_MAX, INT64_MAX, good); });
  expect_error(DA3_E_SHAPE, "1 intrinsics",
               [&] { depth_in_metres(depth, 2, 1, 2, std::span(good).first(1)); });
  const Error error = expect_error(DA3_E_BAD_VALUE, "view 2", [&] { depth_in_metres(depth, 2, 1, 2, bad); });
  EXPECT_EQ(error.index(), 1);
  EXPECT_THAT(depth, testing::ElementsAre(1, 2, 3, 4));
}

}  // namespace
}  // namespace da3::io
