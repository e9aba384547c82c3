// SPDX-License-Identifier: Apache-2.0
#include "renderer.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "gaussian_set.hpp"
#include "slow_render.hpp"

namespace da3::splat {
namespace {

using test::camera_of;
using test::GaussianSet;

constexpr int width = 70, height = 45;  // not of whole tiles

Picture render(const GaussianSet& set, const Camera& camera, int threads = 2) {
  const io::Gaussians gaussians = set.view();
  Renderer renderer(gaussians, threads);
  Picture picture;
  EXPECT_TRUE(renderer.render(camera, width, height, {}, picture));
  return picture;
}

float red(const Picture& picture, int x, int y) {
  return picture.colour[static_cast<size_t>(y * picture.width + x) * 3];
}
float depth(const Picture& picture, int x, int y) {
  return picture.depth[static_cast<size_t>(y * picture.width + x)];
}

TEST(Renderer, one_ball_is_a_gaussian_of_known_width) {
  constexpr double focal = 60, z = 3, radius = 0.2, opacity = 0.8;
  GaussianSet set;
  set.add_ball({0, 0, z}, radius, opacity, {0.9f, 0.5f, 0.1f});
  const Picture picture = render(set, camera_of(width, height, focal));
  const double variance = std::pow(focal * radius / z, 2) + 0.3;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double dx = x + 0.5 - width / 2.0, dy = y + 0.5 - height / 2.0;
      double alpha = opacity * std::exp(-(dx * dx + dy * dy) / (2 * variance));
      if (alpha < 1.0 / 255) alpha = 0;
      const auto i = static_cast<size_t>(y * width + x);
      ASSERT_NEAR(picture.alpha[i], alpha, 1e-5) << x << " " << y;
      ASSERT_NEAR(picture.colour[i * 3], 0.9 * alpha, 1e-5);
      ASSERT_NEAR(picture.colour[i * 3 + 1], 0.5 * alpha, 1e-5);
      ASSERT_NEAR(picture.colour[i * 3 + 2], 0.1 * alpha, 1e-5);
      ASSERT_NEAR(picture.depth[i], alpha > 0 ? z : 0, 1e-5);
    }
}

TEST(Renderer, the_nearer_one_is_in_front_whatever_the_order) {
  for (const bool near_first : {true, false}) {
    GaussianSet set;
    if (near_first) set.add_ball({0, 0, 2}, 0.5f, 0.75f, {1, 0, 0});
    set.add_ball({0, 0, 4}, 1, 0.75f, {0, 1, 0});
    if (!near_first) set.add_ball({0, 0, 2}, 0.5f, 0.75f, {1, 0, 0});
    const Picture picture = render(set, camera_of(width, height, 60));
    const size_t i = static_cast<size_t>(22 * width + 35) * 3;  // (0.5, 0) pixels from the middle
    const double shade = std::exp(-0.25 / (2 * (15.0 * 15 + 0.3)));
    EXPECT_NEAR(picture.colour[i], 0.75 * shade, 1e-4);
    EXPECT_NEAR(picture.colour[i + 1], (1 - 0.75 * shade) * 0.75 * shade, 1e-4);
    EXPECT_NEAR(picture.depth[i / 3], (2 * 0.75 + 4 * 0.25 * 0.75) / (0.75 + 0.25 * 0.75), 1e-3);
  }
}

TEST(Renderer, nothing_is_drawn_of_what_is_behind_faint_or_not_finite) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  GaussianSet set;
  set.add_ball({0, 0, -3}, 0.5f, 0.9f, {1, 1, 1});
  set.add_ball({0, 0, 0.005f}, 0.5f, 0.9f, {1, 1, 1});
  set.add_ball({0, 0, 3}, 0.5f, 0.0038f, {1, 1, 1});
  set.add_ball({40, 0, 3}, 0.5f, 0.9f, {1, 1, 1});
  set.add_ball({nan, 0, 3}, 0.5f, 0.9f, {1, 1, 1});
  set.add_ball({0, 0, inf}, 0.5f, 0.9f, {1, 1, 1});
  set.add_ball({0, inf, 3}, 0.5f, 0.9f, {1, 1, 1});
  set.add_ball({0, 0, 3}, nan, 0.9f, {1, 1, 1});
  set.add_ball({0, 0, 3}, inf, 0.9f, {1, 1, 1});
  set.add_ball({0, 0, 3}, 0.5f, nan, {1, 1, 1});
  set.add({0, 0, 3}, {1, 1, 1}, 0.9f, {1, 1, 1}, {0, 0, 0, 0});
  const Picture picture = render(set, camera_of(width, height, 60));
  EXPECT_THAT(picture.colour, testing::Each(0.0f));
  EXPECT_THAT(picture.depth, testing::Each(0.0f));
}

TEST(Renderer, nothing_at_all_is_black) {
  const Picture picture = render({}, camera_of(width, height, 60));
  EXPECT_EQ(picture.colour.size(), static_cast<size_t>(width * height * 3));
  EXPECT_THAT(picture.colour, testing::Each(0.0f));
}

TEST(Renderer, opacity_adds_up_and_ends_at_full) {
  GaussianSet set;
  for (int i = 0; i < 40; ++i) set.add_ball({0, 0, 2 + 0.01f * static_cast<float>(i)}, 50, 0.5f, {1, 1, 1});
  set.add_ball({0, 0, 9}, 50, 1, {1, 1, 1});
  const Picture picture = render(set, camera_of(width, height, 60));
  for (const float alpha : picture.alpha) {
    EXPECT_GT(alpha, 1 - 2.1e-4f);
    EXPECT_LT(alpha, 1);
  }
  // What comes after the light is gone does not count: thirteen halves are 0.99988.
  EXPECT_NEAR(depth(picture, 35, 22), 2.01, 0.002);
}

/// Two cameras look at a gaussian from opposite sides. Its red grows along the direction of sight.
TEST(Renderer, colour_of_degree_one_depends_on_the_side) {
  GaussianSet set;
  std::vector<float> of_direction(12, 0);
  of_direction[2] = 0.5f;  // red, m = 0: along z
  set.add({0, 0, 0}, {0.5f, 0.5f, 0.5f}, 1, of_direction);
  Camera front = camera_of(width, height, 60), back = front;
  front.translation = back.translation = {0, 0, 3};
  back.rotation = {{{-1, 0, 0}, {0, 1, 0}, {0, 0, -1}}};
  const double shade = 0.999, band = 0.4886025 * 0.5;
  EXPECT_NEAR(red(render(set, front), 35, 22), shade * (0.5 + band), 2e-3);
  EXPECT_NEAR(red(render(set, back), 35, 22), shade * (0.5 - band), 2e-3);
}

void expect_like_the_slow_one(const GaussianSet& set, const Camera& camera) {
  const Picture got = render(set, camera), want = test::slow_render(set.view(), camera, width, height);
  double sum = 0, most = 0;
  for (size_t i = 0; i < want.colour.size(); ++i) {
    const double off = std::abs(got.colour[i] - want.colour[i]);
    sum += off, most = std::max(most, off);
  }
  // At the limits of what is drawn rounding decides; one such pixel differs by a 255th of a colour.
  EXPECT_LT(most, 2.0 / 255);
  EXPECT_LT(sum / static_cast<double>(want.colour.size()), 2e-5);
  double deepest = 0;
  for (size_t i = 0; i < want.depth.size(); ++i)
    if (want.alpha[i] > 0.05f) deepest = std::max(deepest, std::abs(got.depth[i] - want.depth[i]) + 0.0);
  EXPECT_LT(deepest, 0.35);
}

TEST(Renderer, is_the_slow_renderer_but_for_rounding) {
  Camera camera = camera_of(width, height, 55);
  camera.rotation = rotation_of({0.97, 0.05, -0.2, 0.1});
  camera.translation = {0.2, -0.1, 0.4};
  camera.fy = 47, camera.cx = 30, camera.cy = 26;
  for (const float largest : {0.05f, 0.4f, 3.0f}) {
    SCOPED_TRACE(largest);
    GaussianSet set;
    set.add_many(400, largest);
    expect_like_the_slow_one(set, camera);
  }
}

/// More than are composited at a time, and tiles that fill up on the way.
TEST(Renderer, of_very_many_is_the_slow_renderer_too) {
  GaussianSet set;
  set.add_many(18000, 0.3f, 0.1f);
  expect_like_the_slow_one(set, camera_of(width, height, 55));
}

TEST(Renderer, threads_and_earlier_pictures_change_nothing) {
  GaussianSet set;
  set.add_many(20000, 0.3f);
  const Camera camera = camera_of(width, height, 55);
  const Picture one = render(set, camera, 1);
  const io::Gaussians gaussians = set.view();
  Renderer renderer(gaussians, 4);
  Picture picture;
  Camera other = camera;
  other.translation = {1, 0, 0};
  for (const Camera& from : {camera, other, camera}) renderer.render(from, width, height, {}, picture);
  EXPECT_EQ(picture.colour, one.colour);
  EXPECT_EQ(picture.depth, one.depth);
}

TEST(Renderer, stops_when_it_is_told) {
  GaussianSet set;
  set.add_many(40000, 0.3f);
  const io::Gaussians gaussians = set.view();
  Renderer renderer(gaussians, 2);
  Picture picture;
  for (const int after : {0, 1, 2}) {
    int asked = 0;
    EXPECT_FALSE(renderer.render(
        camera_of(width, height, 55), width, height, [&] { return asked++ == after; }, picture));
    EXPECT_EQ(asked, after + 1);
  }
}

}  // namespace
}  // namespace da3::splat
