// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/int8_linear.hpp"

#include <algorithm>
#include <cstring>

#include "cpu/simd/int8_rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/simd/int8_linear.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

#include "cpu/simd/gelu-inl.h"

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
constexpr D d;
constexpr hn::RebindToSigned<D> integers;

/// The steps, biases and sums of weights of a panel's columns; zeros where the layer has none.
struct Columns {
  HWY_ALIGN float steps[kInt8Columns], bias[kInt8Columns];
  HWY_ALIGN int32_t sums[kInt8Columns];
  bool biased;

  Columns(const Int8Layer& layer, int64_t first, int64_t count, const int8_t* sums_of_weights)
      : biased(layer.bias != nullptr) {
    std::memcpy(sums, sums_of_weights, sizeof sums);
    std::fill_n(steps, kInt8Columns, 0.0f);
    std::fill_n(bias, kInt8Columns, 0.0f);
    std::copy_n(layer.steps + first, count, steps);
    if (biased) std::copy_n(layer.bias + first, count, bias);
  }
};

/// (sums - offset * tail.sum + tail.middle * columns.sums) * (step * steps) + bias, activated, into a row of
/// the panel's columns. Multiplied and added apart, so that every instruction set rounds alike.
template <Int8Activation kActivation>
HWY_INLINE void finish_row(const int32_t* sums, int32_t offset, const Int8RowTail& tail,
                           const Columns& columns, float* out) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  const auto shifts = hn::Set(integers, offset * tail.sum), middles = hn::Set(integers, tail.middle);
  const auto factor = hn::Set(d, tail.step);
  for (int64_t c = 0; c < kInt8Columns; c += n) {
    const auto of_middles = hn::Mul(middles, hn::Load(integers, columns.sums + c));
    const auto sum = hn::Add(hn::Sub(hn::Load(integers, sums + c), shifts), of_middles);
    auto y = hn::Mul(hn::ConvertTo(d, sum), hn::Mul(factor, hn::Load(d, columns.steps + c)));
    if (columns.biased) y = hn::Add(y, hn::Load(d, columns.bias + c));
    // In this order NaN stays: the comparison with it is false.
    if (kActivation == Int8Activation::relu) y = hn::IfThenZeroElse(hn::Lt(y, hn::Zero(d)), y);
    if (kActivation == Int8Activation::gelu) y = gelu(d, y);
    hn::Store(y, d, out + c);
  }
}

void write_row(const float* values, int64_t count, bool add, float* out) {
  if (!add) {
    std::copy_n(values, count, out);
    return;
  }
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  int64_t c = 0;
  for (; c + n <= count; c += n)
    hn::StoreU(hn::Add(hn::LoadU(d, out + c), hn::LoadU(d, values + c)), d, out + c);
  for (; c < count; ++c) out[c] += values[c];
}

template <Int8Activation kActivation>
HWY_INLINE void panel(const Int8Layer& layer, int64_t index, const int8_t* rows, int64_t count,
                      const Int8Results& results) {
  const Int8Products& products = *layer.products;
  const int64_t stride = int8_row_bytes(layer.in), end = stride - static_cast<int64_t>(sizeof(Int8RowTail));
  const int64_t groups = end / kInt8Depth;
  const int64_t first = index * kInt8Columns, columns_here = std::min(kInt8Columns, layer.out - first);
  const int8_t* weights = layer.weights + index * packed_int8_bytes(1, layer.in);
  const Columns columns(layer, first, columns_here, weights + groups * kInt8Depth * kInt8Columns);
  HWY_ALIGN int32_t sums[kMostInt8Rows * kInt8Columns];
  HWY_ALIGN float values[kInt8Columns];
  for (int64_t r = 0; r < count; r += products.rows) {
    const int64_t rows_here = std::min(products.rows, count - r);
    products.tile(rows + r * stride, stride, rows_here, weights, groups, sums);
    for (int64_t i = 0; i < rows_here; ++i) {
      Int8RowTail tail;
      std::memcpy(&tail, rows + (r + i) * stride + end, sizeof tail);
      finish_row<kActivation>(sums + i * kInt8Columns, products.offset, tail, columns, values);
      write_row(values, columns_here, results.add, results.data + (r + i) * results.stride + first);
    }
  }
}

void int8_panel_here(const Int8Layer& layer, int64_t index, const int8_t* rows, int64_t count,
                     const Int8Results& results) {
  switch (layer.activation) {
    case Int8Activation::none:
      return panel<Int8Activation::none>(layer, index, rows, count, results);
    case Int8Activation::relu:
      return panel<Int8Activation::relu>(layer, index, rows, count, results);
    case Int8Activation::gelu:
      return panel<Int8Activation::gelu>(layer, index, rows, count, results);
  }
}

}  // namespace
}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace da3::cpu::simd {

HWY_EXPORT(int8_panel_here);

void int8_linear(const Int8Layer& layer, const int8_t* rows, int64_t count, int64_t first_panel,
                 int64_t panels, const Int8Results& results) {
  for (int64_t p = first_panel; p < first_panel + panels; ++p)
    HWY_DYNAMIC_DISPATCH(int8_panel_here)(layer, p, rows, count, results);
}

}  // namespace da3::cpu::simd
#endif
