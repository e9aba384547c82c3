// SPDX-License-Identifier: Apache-2.0
// Random rotations and cameras for property tests, the same on every platform.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <cstdint>
#include <random>

#include "net/camera.hpp"

namespace da3::test {

/// Uniform in [low, high).
inline double uniform(std::mt19937_64& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random() >> 11) * 0x1p-53;
}

/// [count, 4] quaternions (x, y, z, w) of length 1, uniform over the rotations; w may be negative.
inline at::Tensor random_quaternions(std::mt19937_64& random, int64_t count) {
  at::Tensor result = at::empty({count, 4}, at::kDouble);
  for (int64_t i = 0; i < count; ++i) {
    double* q = result.mutable_data_ptr<double>() + 4 * i;
    double length = 0;
    do {
      length = 0;
      for (int j = 0; j < 4; ++j) {
        q[j] = uniform(random, -1, 1);
        length += q[j] * q[j];
      }
    } while (length > 1 || length < 0.01);
    for (int j = 0; j < 4; ++j) q[j] /= std::sqrt(length);
  }
  return result;
}

/// [count, 3, 4] poses with translations up to 3.
inline at::Tensor random_poses(std::mt19937_64& random, int64_t count) {
  at::Tensor translation = at::empty({count, 3, 1}, at::kDouble);
  for (int64_t i = 0; i < 3 * count; ++i) translation.mutable_data_ptr<double>()[i] = uniform(random, -3, 3);
  return at::cat({net::rotation_from_quaternion(random_quaternions(random, count)), translation}, -1);
}

inline double largest(const at::Tensor& difference) { return difference.abs().max().item<double>(); }

}  // namespace da3::test
