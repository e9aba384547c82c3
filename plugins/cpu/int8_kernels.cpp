// SPDX-License-Identifier: Apache-2.0
#include "cpu/int8_kernels.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <vector>

#include "cpu/simd/int8_linear.hpp"
#include "cpu/simd/int8_rows.hpp"
#include "net/int8.hpp"

namespace da3::cpu {

namespace {

constexpr int64_t kRowsAtATime = 8;
/// Rows whose inputs stay in the second cache while the panels pass by, in tiles of 12.
constexpr int64_t kTilesOfABlock = 16;

const simd::Int8Products& products() { return *simd::int8_products().front(); }

simd::Int8Activation kind_of(net::Activation activation) {
  switch (activation) {
    case net::Activation::relu:
      return simd::Int8Activation::relu;
    case net::Activation::gelu:
      return simd::Int8Activation::gelu;
    default:
      return simd::Int8Activation::none;
  }
}

simd::Int8Layer view_of(const net::Linear& layer, int64_t in, net::Activation activation) {
  return {&products(),
          layer.weight.const_data_ptr<int8_t>(),
          layer.steps.const_data_ptr<float>(),
          layer.bias.defined() ? layer.bias.const_data_ptr<float>() : nullptr,
          in,
          layer.steps.size(0),
          kind_of(activation)};
}

/// Blocks of rows by panels, in this order, so that a thread's neighbouring pieces share their rows.
void run(const simd::Int8Layer& layer, const at::Tensor& rows, const simd::Int8Results& results) {
  const int64_t count = rows.size(0), bytes = rows.size(1), panels = layer.panels();
  const int64_t tile = layer.products->rows, tiles = (count + tile - 1) / tile;
  const int64_t blocks = (tiles + kTilesOfABlock - 1) / kTilesOfABlock;
  const auto* data = rows.const_data_ptr<int8_t>();
  at::parallel_for(0, blocks * panels, 1, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t block = begin / panels, panel = begin % panels,
                    here = std::min(panels - panel, end - begin);
      const int64_t first = block * tiles / blocks * tile,
                    last = std::min(count, (block + 1) * tiles / blocks * tile);
      simd::int8_linear(layer, data + first * bytes, last - first, panel, here,
                        {results.data + first * results.stride, results.stride, results.add});
      begin += here;
    }
  });
}

/// As a matrix of int8 rows.
at::Tensor rows_of(const at::Tensor& x) {
  const at::Tensor rows = x.scalar_type() == at::kChar ? x : int8_rows(x);
  return rows.view({-1, rows.size(-1)});
}

/// Inputs rounded up to groups, which is all that the kernels want to know.
int64_t inputs_of(const at::Tensor& rows) { return rows.size(1) - simd::int8_row_bytes(0); }

}  // namespace

void pack_int8_layer(net::Linear& layer) {
  const net::QuantisedRows rows = net::quantise_rows(layer.weight);
  const int64_t out = rows.values.size(0), in = rows.values.size(1);
  const int64_t panel_bytes = simd::packed_int8_bytes(1, in);
  at::Tensor packed = at::empty({simd::packed_int8_bytes(out, in)}, at::kChar);
  const auto* from = rows.values.const_data_ptr<int8_t>();
  auto* to = packed.mutable_data_ptr<int8_t>();
  at::parallel_for(0, packed.numel() / panel_bytes, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const int64_t first = p * simd::kInt8Columns;
      simd::pack_int8(from + first * in, std::min(simd::kInt8Columns, out - first), in, products(),
                      to + p * panel_bytes);
    }
  });
  layer.weight = packed;
  layer.steps = rows.steps;
}

at::Tensor int8_rows(const at::Tensor& x) {
  const at::Tensor dense = x.contiguous();
  const int64_t channels = dense.size(-1), bytes = simd::int8_row_bytes(channels);
  std::vector<int64_t> shape = dense.sizes().vec();
  shape.back() = bytes;
  at::Tensor rows = at::empty(shape, at::kChar);
  const auto* from = dense.const_data_ptr<float>();
  auto* to = rows.mutable_data_ptr<int8_t>();
  at::parallel_for(0, dense.numel() / channels, kRowsAtATime, [&](int64_t begin, int64_t end) {
    simd::quantise_int8(from + begin * channels, channels, end - begin, channels, to + begin * bytes);
  });
  return rows;
}

at::Tensor int8_linear(const at::Tensor& x, const net::Linear& layer, net::Activation activation) {
  const at::Tensor rows = rows_of(x);
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = layer.steps.size(0);
  at::Tensor out = at::empty(shape, at::kFloat);
  run(view_of(layer, inputs_of(rows), activation), rows,
      {out.mutable_data_ptr<float>(), shape.back(), false});
  return out;
}

void int8_linear_add(at::Tensor& sum, const at::Tensor& x, const net::Linear& layer) {
  const at::Tensor rows = rows_of(x);
  run(view_of(layer, inputs_of(rows), net::Activation::none), rows,
      {sum.mutable_data_ptr<float>(), sum.size(-1), true});
}

}  // namespace da3::cpu
