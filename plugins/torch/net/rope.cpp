// SPDX-License-Identifier: Apache-2.0
#include "net/rope.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

namespace da3::net {

namespace {

constexpr double kBaseFrequency = 100.0;

/// Angles of positions [tokens, 2 (y, x)]: [tokens, 1, 2, d/4].
at::Tensor angles(const at::Tensor& positions, int64_t head_dim) {
  const int64_t axis_dim = head_dim / 2;
  const at::Tensor exponents = at::arange(0, axis_dim, 2, at::kFloat).div(static_cast<double>(axis_dim));
  const at::Tensor frequencies = at::pow(kBaseFrequency, exponents).reciprocal();
  return positions.unsqueeze(-1).mul(frequencies).unsqueeze(1);
}

}  // namespace

Rotation local_rotation(int64_t rows, int64_t columns, int64_t head_dim, at::Device device) {
  const at::Tensor y = at::arange(1, rows + 1, at::kFloat).unsqueeze(1).expand({rows, columns}).reshape({-1});
  const at::Tensor x =
      at::arange(1, columns + 1, at::kFloat).unsqueeze(0).expand({rows, columns}).reshape({-1});
  const at::Tensor positions = at::cat({at::zeros({1, 2}), at::stack({y, x}, 1)}, 0);
  const at::Tensor angle = angles(positions, head_dim);
  return {angle.cos().to(device), angle.sin().to(device)};
}

Rotation camera_rotation(int64_t head_dim, at::Device device) {
  const at::Tensor angle = angles(at::ones({1, 2}), head_dim).neg();
  return {angle.cos().to(device), angle.sin().to(device)};
}

void rotate_(at::Tensor& x, const Rotation& rotation) {
  const int64_t quarter = x.size(-1) / 4;
  at::Tensor halves = x.unflatten(-1, {2, 2, quarter});  // [..., axis, half, frequency]
  at::Tensor first = halves.select(-2, 0), second = halves.select(-2, 1);
  const at::Tensor turned = first.mul(rotation.sin);
  first.mul_(rotation.cos).sub_(second.mul(rotation.sin));
  second.mul_(rotation.cos).add_(turned);
}

}  // namespace da3::net
