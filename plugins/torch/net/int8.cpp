// SPDX-License-Identifier: Apache-2.0
#include "net/int8.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

namespace da3::net {

namespace {

constexpr float kLargest = 127.0f;  // -128 stays out, so that rows are symmetric
constexpr int64_t kRowsAtATime = 8;

/// The largest magnitude of a row; the bits of float32 order as integers do, and NaN comes out above
/// infinity.
float largest_magnitude(const float* row, int64_t columns) {
  int32_t largest = 0;
  for (int64_t c = 0; c < columns; ++c)
    largest = std::max(largest, std::bit_cast<int32_t>(row[c]) & std::numeric_limits<int32_t>::max());
  return std::bit_cast<float>(largest);
}

/// Rounds to nearest, ties to even, by pushing the fraction out of the mantissa: |x| below 2^22.
float rounded(float x) {
  constexpr float push = 12582912.0f;
  return (x + push) - push;
}

void quantise_row(const float* row, int64_t columns, int8_t* values, float& step) {
  const float largest = largest_magnitude(row, columns);
  step = largest / kLargest;
  // A row of values so small that their steps vanish counts as zeros; one that is not finite makes results
  // that are not, by its step.
  const float inverse =
      step >= std::numeric_limits<float>::min() && largest < std::numeric_limits<float>::infinity()
          ? 1.0f / step
          : 0.0f;
  if (inverse == 0.0f) {
    std::fill_n(values, columns, int8_t{1});
    if (largest < std::numeric_limits<float>::infinity())
      std::fill_n(values, columns, int8_t{0}), step = 0.0f;
    return;
  }
  for (int64_t c = 0; c < columns; ++c)
    values[c] = static_cast<int8_t>(static_cast<int32_t>(rounded(row[c] * inverse)));
}

/// sums * step * steps + bias, in the memory of the sums.
at::Tensor scaled(at::Tensor sums, const at::Tensor& row_steps, const Linear& layer) {
  const int64_t columns = sums.size(1);
  const auto* integers = sums.mutable_data_ptr<int32_t>();
  at::Tensor result = sums.view(at::kFloat);
  auto* out = result.mutable_data_ptr<float>();
  const auto *rows = row_steps.const_data_ptr<float>(), *steps = layer.steps.const_data_ptr<float>();
  const float* bias = layer.bias.defined() ? layer.bias.const_data_ptr<float>() : nullptr;
  at::parallel_for(0, sums.size(0), kRowsAtATime, [&](int64_t begin, int64_t end) {
    std::vector<float> line(static_cast<size_t>(columns));
    for (int64_t r = begin; r < end; ++r) {
      const int32_t* from = integers + r * columns;
      for (int64_t c = 0; c < columns; ++c)
        line[static_cast<size_t>(c)] = static_cast<float>(from[c]) * (rows[r] * steps[c]);
      if (bias)
        for (int64_t c = 0; c < columns; ++c) line[static_cast<size_t>(c)] += bias[c];
      std::copy(line.begin(), line.end(), out + r * columns);
    }
  });
  return result;
}

}  // namespace

QuantisedRows quantise_rows(const at::Tensor& x) {
  const at::Tensor rows = x.contiguous();
  const int64_t count = rows.size(0), columns = rows.size(1);
  QuantisedRows result{at::empty({count, columns}, at::kChar), at::empty({count}, at::kFloat)};
  const auto* from = rows.const_data_ptr<float>();
  auto* values = result.values.mutable_data_ptr<int8_t>();
  auto* steps = result.steps.mutable_data_ptr<float>();
  at::parallel_for(0, count, kRowsAtATime, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      quantise_row(from + r * columns, columns, values + r * columns, steps[r]);
  });
  return result;
}

void quantise_weights(Linear& layer) {
  QuantisedRows rows = quantise_rows(layer.weight);
  layer.weight = std::move(rows.values);
  layer.steps = std::move(rows.steps);
}

at::Tensor exact_product(const at::Tensor& x, const at::Tensor& weight) {
  return at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t()).to(at::kInt);
}

at::Tensor int8_linear(const at::Tensor& x, const Linear& layer, Activation activation,
                       IntegerProduct product) {
  const QuantisedRows rows = quantise_rows(x.reshape({-1, x.size(-1)}));
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = layer.weight.size(0);
  return activate(scaled(product(rows.values, layer.weight), rows.steps, layer).view(shape), activation);
}

}  // namespace da3::net
