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

constexpr float kLargest = 127.0f;  // -128 stays out, so that weights are symmetric
constexpr float kRange = 253.0f;    // rounding both ends may make it one more
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

/// What a row's values lie between, zero included; NaN comes out beyond the infinities.
struct Range {
  float low = 0, high = 0;

  explicit Range(const float* row, int64_t columns) {
    // In this order negative numbers' bits grow as the numbers do.
    const auto ordered = [](int32_t bits) {
      return bits ^ ((bits >> 31) & std::numeric_limits<int32_t>::max());
    };
    int32_t least = 0, most = 0;
    for (int64_t c = 0; c < columns; ++c) {
      const int32_t value = ordered(std::bit_cast<int32_t>(row[c]));
      least = std::min(least, value), most = std::max(most, value);
    }
    low = std::bit_cast<float>(ordered(least)), high = std::bit_cast<float>(ordered(most));
  }
  bool finite() const {
    return low > -std::numeric_limits<float>::infinity() && high < std::numeric_limits<float>::infinity();
  }
};

template <class Value>
void round_row(const float* row, int64_t columns, bool finite, Value* values, float& step) {
  // A row of values so small that their steps vanish counts as zeros; one that is not finite makes results
  // that are not, by its step.
  if (!finite || step < std::numeric_limits<float>::min()) {
    std::fill_n(values, columns, finite ? Value{0} : Value{1});
    if (finite) step = 0.0f;
    return;
  }
  const float inverse = 1.0f / step;
  for (int64_t c = 0; c < columns; ++c)
    values[c] = static_cast<Value>(static_cast<int32_t>(rounded(row[c] * inverse)));
}

void quantise_row(const float* row, int64_t columns, int8_t* values, float& step) {
  const float largest = largest_magnitude(row, columns);
  step = largest / kLargest;
  round_row(row, columns, largest < std::numeric_limits<float>::infinity(), values, step);
}

void quantise_row(const float* row, int64_t columns, int16_t* values, float& step) {
  const Range range(row, columns);
  step = range.high / kRange - range.low / kRange;
  round_row(row, columns, range.finite(), values, step);
}

template <class Value>
QuantisedRows quantise(const at::Tensor& x, at::ScalarType type) {
  const at::Tensor rows = x.contiguous();
  const int64_t count = rows.size(0), columns = rows.size(1);
  QuantisedRows result{at::empty({count, columns}, type), at::empty({count}, at::kFloat)};
  const auto* from = rows.const_data_ptr<float>();
  auto* values = result.values.mutable_data_ptr<Value>();
  auto* steps = result.steps.mutable_data_ptr<float>();
  at::parallel_for(0, count, kRowsAtATime, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      quantise_row(from + r * columns, columns, values + r * columns, steps[r]);
  });
  return result;
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

/// int16 [M, K] times int8 [N, K] transposed -> exact int32 [M, N].
at::Tensor exact_product(const at::Tensor& x, const at::Tensor& weight) {
  return at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t()).to(at::kInt);
}

}  // namespace

QuantisedRows quantise_rows(const at::Tensor& x) { return quantise<int8_t>(x, at::kChar); }
QuantisedRows quantise_tokens(const at::Tensor& x) { return quantise<int16_t>(x, at::kShort); }

void quantise_weights(Linear& layer) {
  QuantisedRows rows = quantise_rows(layer.weight);
  layer.weight = std::move(rows.values);
  layer.steps = std::move(rows.steps);
}

at::Tensor int8_linear(const at::Tensor& x, const Linear& layer, Activation activation) {
  const QuantisedRows rows = quantise_tokens(x.reshape({-1, x.size(-1)}));
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = layer.weight.size(0);
  return activate(scaled(exact_product(rows.values, layer.weight), rows.steps, layer).view(shape),
                  activation);
}

}  // namespace da3::net
