// SPDX-License-Identifier: Apache-2.0
// What every rotation of spherical harmonics must do. Upstream's axes and signs are held by the golden case
// tiny-giant-gs.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "net/sh_rotation.hpp"
#include "random_cameras.hpp"

namespace da3::net {
namespace {

constexpr int64_t kDegree = 4, kSide = 25;

Matrix3 random_rotation(std::mt19937_64& random) {
  const at::Tensor r = rotation_from_quaternion(test::random_quaternions(random, 1))[0].contiguous();
  Matrix3 result{};
  for (size_t i = 0; i < 9; ++i) result[i / 3][i % 3] = r.const_data_ptr<double>()[i];
  return result;
}

Matrix3 product(const Matrix3& a, const Matrix3& b) {
  Matrix3 result{};
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j)
      for (size_t k = 0; k < 3; ++k) result[i][j] += a[i][k] * b[k][j];
  return result;
}

std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> result(kSide * kSide);
  for (size_t i = 0; i < kSide; ++i)
    for (size_t j = 0; j < kSide; ++j)
      for (size_t k = 0; k < kSide; ++k) result[i * kSide + j] += a[i * kSide + k] * b[k * kSide + j];
  return result;
}

void expect_near(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-12) << "entry " << i;
}

std::vector<double> identity() {
  std::vector<double> matrix(kSide * kSide);
  for (size_t i = 0; i < kSide; ++i) matrix[i * kSide + i] = 1.0;
  return matrix;
}

TEST(ShRotation, OfNoTurnIsTheIdentity) {
  expect_near(sh_rotation({{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}, kDegree), identity());
}

TEST(ShRotation, KeepsLengths) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    const std::vector<double> matrix = sh_rotation(random_rotation(random), kDegree);
    std::vector<double> transposed(matrix.size());
    for (size_t i = 0; i < kSide; ++i)
      for (size_t j = 0; j < kSide; ++j) transposed[i * kSide + j] = matrix[j * kSide + i];
    expect_near(product(matrix, transposed), identity());
  }
}

TEST(ShRotation, OfTwoTurnsIsOneAfterTheOther) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 50; ++round) {
    const Matrix3 a = random_rotation(random), b = random_rotation(random);
    expect_near(sh_rotation(product(a, b), kDegree),
                product(sh_rotation(a, kDegree), sh_rotation(b, kDegree)));
  }
}

TEST(ShRotation, MixesNoBands) {
  std::mt19937_64 random(3);
  const std::vector<double> matrix = sh_rotation(random_rotation(random), kDegree);
  for (size_t i = 0; i < kSide; ++i)
    for (size_t j = 0; j < kSide; ++j)
      if (std::floor(std::sqrt(i)) != std::floor(std::sqrt(j))) {
        EXPECT_EQ(matrix[i * kSide + j], 0.0);
      }
}

}  // namespace
}  // namespace da3::net
