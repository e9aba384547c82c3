// SPDX-License-Identifier: Apache-2.0
#include "cpu/int8_kernels.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <vector>

#include "cpu/simd/int8_linear.hpp"
#include "cpu/simd/int8_rows.hpp"
#include "net/int8.hpp"

namespace da3::cpu {

namespace {

constexpr int64_t kRowsAtATime = 8;
/// Tiles (of 12, 6 or 4 rows, by instruction set) whose inputs stay in the second cache while the panels pass
/// by.
constexpr int64_t kTilesOfABlock = 16;
/// Between two layers of a feed-forward: half of a small second cache.
constexpr int64_t kBetweenBytes = 512 << 10;

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

/// Rows of 8-bit integers of x, [rows, bytes].
at::Tensor rows_of(const at::Tensor& x) {
  const at::Tensor dense = x.contiguous();
  const int64_t channels = dense.size(-1), bytes = simd::int8_row_bytes(channels);
  at::Tensor rows = at::empty({dense.numel() / channels, bytes}, at::kChar);
  const auto* from = dense.const_data_ptr<float>();
  auto* to = rows.mutable_data_ptr<int8_t>();
  at::parallel_for(0, rows.size(0), kRowsAtATime, [&](int64_t begin, int64_t end) {
    simd::quantise_int8(from + begin * channels, channels, end - begin, channels, to + begin * bytes);
  });
  return rows;
}

/// What a thread needs for some rows of a feed-forward: its inputs and the layer between, quantised, and the
/// latter as it comes.
struct Between {
  int64_t in_bytes, hidden, hidden_bytes, rows;
  at::DataPtr inputs, values, rounded;

  Between(const simd::Int8Layer& expand, int64_t tile)
      : in_bytes(simd::int8_row_bytes(expand.in)),
        hidden(expand.out),
        hidden_bytes(simd::int8_row_bytes(expand.out)),
        rows(std::max<int64_t>(1, kBetweenBytes / (hidden * int64_t{sizeof(float)}) / tile) * tile) {
    const auto memory = [&](int64_t bytes) {
      return c10::GetCPUAllocator()->allocate(static_cast<size_t>(rows * bytes));
    };
    inputs = memory(in_bytes);
    values = memory(hidden * int64_t{sizeof(float)});
    rounded = memory(hidden_bytes);
  }
};

void feed_forward_rows(const simd::Int8Layer& expand, const simd::Int8Layer& contract, const float* x,
                       int64_t rows, float* sum, const Between& between) {
  auto* inputs = static_cast<int8_t*>(between.inputs.get());
  auto* values = static_cast<float*>(between.values.get());
  auto* rounded = static_cast<int8_t*>(between.rounded.get());
  simd::quantise_int8(x, expand.in, rows, expand.in, inputs);
  simd::int8_linear(expand, inputs, rows, 0, expand.panels(), {values, between.hidden, false});
  simd::quantise_int8(values, between.hidden, rows, between.hidden, rounded);
  simd::int8_linear(contract, rounded, rows, 0, contract.panels(), {sum, contract.out, true});
}

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

/// Blocks of rows by panels, in this order, so that a thread's neighbouring pieces share their rows.
at::Tensor int8_linear(const at::Tensor& x, const net::Linear& weights, net::Activation activation) {
  const at::Tensor rows = rows_of(x);
  const simd::Int8Layer layer = view_of(weights, x.size(-1), activation);
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = layer.out;
  at::Tensor out = at::empty(shape, at::kFloat);
  const int64_t count = rows.size(0), bytes = rows.size(1), panels = layer.panels();
  const int64_t tile = layer.products->rows, tiles = (count + tile - 1) / tile;
  const int64_t blocks = (tiles + kTilesOfABlock - 1) / kTilesOfABlock;
  const auto* data = rows.const_data_ptr<int8_t>();
  auto* results = out.mutable_data_ptr<float>();
  at::parallel_for(0, blocks * panels, 1, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t block = begin / panels, panel = begin % panels,
                    here = std::min(panels - panel, end - begin);
      const int64_t first = block * tiles / blocks * tile,
                    last = std::min(count, (block + 1) * tiles / blocks * tile);
      simd::int8_linear(layer, data + first * bytes, last - first, panel, here,
                        {results + first * layer.out, layer.out, false});
      begin += here;
    }
  });
  return out;
}

void int8_feed_forward_add(at::Tensor& sum, const at::Tensor& x, const net::Linear& expand_weights,
                           const net::Linear& contract_weights) {
  const at::Tensor dense = x.contiguous();
  const simd::Int8Layer expand = view_of(expand_weights, x.size(-1), net::Activation::gelu),
                        contract = view_of(contract_weights, expand.out, net::Activation::none);
  const int64_t count = x.numel() / expand.in, tile = expand.products->rows;
  const auto* from = dense.const_data_ptr<float>();
  auto* to = sum.mutable_data_ptr<float>();
  at::parallel_for(0, (count + tile - 1) / tile, 1, [&](int64_t begin, int64_t end) {
    const Between between(expand, tile);
    const int64_t last = std::min(count, end * tile);
    for (int64_t row = begin * tile; row < last; row += between.rows)
      feed_forward_rows(expand, contract, from + row * expand.in, std::min(between.rows, last - row),
                        to + row * contract.out, between);
  });
}

}  // namespace da3::cpu
