// SPDX-License-Identifier: Apache-2.0
#include "harmonics.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "slow_render.hpp"

namespace da3::splat {
namespace {

TEST(Harmonics, are_those_of_3d_gaussian_splatting) {
  for (const Vec3& direction :
       {Vec3{0, 0, 1}, Vec3{1, 0, 0}, Vec3{0.6, -0.48, 0.64}, Vec3{-0.48, 0.64, -0.6}}) {
    const auto want = test::plain_harmonics(direction[0], direction[1], direction[2]);
    std::array<float, most_harmonics> values{};
    harmonics_at(direction, 9, values);
    for (size_t i = 0; i < 9; ++i) EXPECT_NEAR(values[i], want[i], 1e-6) << i;
    EXPECT_EQ(values[9], 0);  // no more than asked for
  }
}

/// One function of each higher band, written out, for their signs.
TEST(Harmonics, of_bands_three_and_four_have_its_signs) {
  constexpr double x = 0.6, y = -0.48, z = 0.64;
  std::array<float, most_harmonics> values{};
  harmonics_at({x, y, z}, 25, values);
  EXPECT_NEAR(values[9], -0.5900435899266435 * y * (3 * x * x - y * y), 1e-6);
  EXPECT_NEAR(values[10], 2.890611442640554 * x * y * z, 1e-6);
  EXPECT_NEAR(values[13], -0.4570457994644658 * x * (4 * z * z - x * x - y * y), 1e-6);
  EXPECT_NEAR(values[16], 2.5033429417967046 * x * y * (x * x - y * y), 1e-6);
  EXPECT_NEAR(values[17], -1.7701307697799304 * y * z * (3 * x * x - y * y), 1e-6);
  EXPECT_NEAR(values[24], 0.6258357354491761 * (x * x * (x * x - 3 * y * y) - y * y * (3 * x * x - y * y)),
              1e-6);
}

TEST(Harmonics, are_orthonormal_over_the_sphere) {
  constexpr int rings = 64, steps = 64;
  std::array<std::array<double, most_harmonics>, most_harmonics> sums{};
  for (int ring = 0; ring < rings; ++ring)
    for (int step = 0; step < steps; ++step) {
      const double theta = std::numbers::pi * (ring + 0.5) / rings, phi = 2 * std::numbers::pi * step / steps;
      std::array<float, most_harmonics> values{};
      harmonics_at({std::sin(theta) * std::cos(phi), std::sin(theta) * std::sin(phi), std::cos(theta)}, 25,
                   values);
      const double area = std::numbers::pi / rings * 2 * std::numbers::pi / steps * std::sin(theta);
      for (size_t i = 0; i < 25; ++i)
        for (size_t k = 0; k <= i; ++k) sums[i][k] += area * values[i] * values[k];
    }
  for (size_t i = 0; i < 25; ++i)
    for (size_t k = 0; k <= i; ++k) EXPECT_NEAR(sums[i][k], i == k ? 1 : 0, 3e-3) << i << " " << k;
}

}  // namespace
}  // namespace da3::splat
