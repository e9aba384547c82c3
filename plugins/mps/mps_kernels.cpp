// SPDX-License-Identifier: Apache-2.0
#include "mps/mps_kernels.hpp"

#include <ATen/ops/bmm.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <da3/error.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace da3::mps {

namespace {

/// Attention of some queries: q [heads, Q, d] scaled, k_transposed [heads, d, K], v [heads, K, d], all
/// contiguous.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k_transposed, const at::Tensor& v) {
  const at::Tensor share = at::softmax(net::in_float32(at::bmm(q, k_transposed)), -1);
  return at::bmm(net::in_type(share, v.scalar_type()), v);
}

/// y[i] = body(x[i]) over the first dimension, so many at a time.
template <class Body>
at::Tensor in_parts(const at::Tensor& x, int64_t at_a_time, const Body& body) {
  const int64_t count = x.size(0);
  if (at_a_time >= count) return body(x);
  at::Tensor out;
  for (int64_t start = 0; start < count; start += at_a_time) {
    const int64_t size = std::min(at_a_time, count - start);
    const at::Tensor part = body(x.narrow(0, start, size));
    if (!out.defined()) {
      std::vector<int64_t> shape = part.sizes().vec();
      shape[0] = count;
      out = at::empty(shape, part.options());
    }
    out.narrow(0, start, size).copy_(part);
  }
  return out;
}

int64_t output_side(int64_t side, const net::Convolution& layer) {
  return (side + 2 * layer.padding - layer.weight.size(2)) / layer.stride + 1;
}

Pieces pieces_of(const engine::Policy& policy, Pieces usual) {
  if (policy.attention_bytes > 0)
    usual.score_bytes = static_cast<int64_t>(std::min<uint64_t>(policy.attention_bytes, INT64_MAX));
  return usual;
}

}  // namespace

MpsKernels::MpsKernels(const engine::Policy& policy, Pieces usual)
    : channels_last_(policy.channels_last != 0), usual_(pieces_of(policy, usual)), pieces_(usual_) {}

at::MemoryFormat MpsKernels::format() const {
  return channels_last_ ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
}

void MpsKernels::prepare(net::Linear& layer) const {
  if (layer.arithmetic == net::Arithmetic::int8)
    throw Error(DA3_E_UNSUPPORTED,
                "model not loaded: Metal does not multiply int8; use mixed_precision: auto or off");
  layer.weight = layer.weight.contiguous();
}

void MpsKernels::prepare(net::Convolution& layer) const { layer.weight = layer.weight.contiguous(format()); }

at::Tensor MpsKernels::run_linear(const at::Tensor& x, const net::Linear& layer,
                                  net::Activation activation) const {
  const at::Tensor rows = x.contiguous().view({-1, x.size(-1)});
  const int64_t widest = std::max(layer.weight.size(0), layer.weight.size(1));
  at::Tensor y = in_parts(rows, parts_at_a_time(rows.size(0), widest, pieces_), [&](const at::Tensor& part) {
    shapes_.see("linear", part, layer.weight);
    return net::activate(at::linear(part, layer.weight, layer.bias), activation);
  });
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = layer.weight.size(0);
  return y.view(shape);
}

at::Tensor MpsKernels::run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                     net::Arithmetic) const {
  const int64_t queries = q.size(2), keys = k.size(2), width = q.size(3), heads = q.size(0) * q.size(1);
  const double scale = 1.0 / std::sqrt(static_cast<double>(width));
  const auto by_head = [&](const at::Tensor& x) { return x.reshape({heads, x.size(2), width}); };
  const at::Tensor all_q = by_head(q), all_k = by_head(k), all_v = by_head(v);
  const AttentionPiece piece = attention_piece(heads, queries, keys, width, pieces_);
  at::Tensor out = at::empty({heads, queries, width}, q.options());
  int64_t pieces = 0;
  for (int64_t head = 0; head < heads; head += piece.heads) {
    const int64_t some = std::min(piece.heads, heads - head);
    const at::Tensor k_transposed = all_k.narrow(0, head, some).transpose(1, 2).contiguous();
    const at::Tensor values = all_v.narrow(0, head, some).contiguous();
    for (int64_t start = 0; start < queries; start += piece.queries, ++pieces) {
      const int64_t count = std::min(piece.queries, queries - start);
      // mul makes a tensor of its own; in the order of the view's memory, hence contiguous().
      const at::Tensor scaled = all_q.narrow(0, head, some).narrow(1, start, count).mul(scale).contiguous();
      shapes_.see("attention", scaled, values);
      out.narrow(0, head, some).narrow(1, start, count).copy_(attend(scaled, k_transposed, values));
    }
  }
  most_attention_pieces_ = std::max(most_attention_pieces_.load(), pieces);
  return out.view({q.size(0), q.size(1), queries, width});
}

at::Tensor MpsKernels::run_convolution(const at::Tensor& x, const net::Convolution& layer,
                                       net::Activation activation) const {
  const int64_t rows = output_side(x.size(2), layer), columns = output_side(x.size(3), layer);
  const int64_t of_a_view =
      std::max(x.size(1) * x.size(2) * x.size(3), layer.weight.size(0) * rows * columns);
  const bool too_large = of_a_view > pieces_.elements;
  at::Tensor y = in_parts(x, parts_at_a_time(x.size(0), of_a_view, pieces_), [&](const at::Tensor& part) {
    return too_large ? convolve_bands(part, layer) : convolve_views(part, layer);
  });
  return net::activate(std::move(y), activation);
}

at::Tensor MpsKernels::convolve_views(const at::Tensor& x, const net::Convolution& layer) const {
  shapes_.see("convolution", x, layer.weight);
  return at::conv2d(x.contiguous(format()), layer.weight, layer.bias, layer.stride, layer.padding);
}

/// One view in bands of output rows, each with the input rows around it that its kernel reads.
at::Tensor MpsKernels::convolve_bands(const at::Tensor& view, const net::Convolution& layer) const {
  const int64_t height = view.size(2), kernel = layer.weight.size(2);
  const int64_t rows = output_side(height, layer), columns = output_side(view.size(3), layer);
  const int64_t read = view.size(1) * (view.size(3) + 2 * layer.padding) * layer.stride,
                written = layer.weight.size(0) * columns;
  const int64_t band = std::max<int64_t>(1, parts_at_a_time(rows, std::max(read, written), pieces_) -
                                                (kernel + layer.stride - 1) / layer.stride);
  at::Tensor out = at::empty({1, layer.weight.size(0), rows, columns}, view.options());
  for (int64_t start = 0; start < rows; start += band) {
    const int64_t count = std::min(band, rows - start);
    const int64_t first = start * layer.stride - layer.padding,
                  last = first + (count - 1) * layer.stride + kernel;
    const int64_t above = std::max<int64_t>(0, -first), below = std::max<int64_t>(0, last - height);
    at::Tensor part = view.narrow(2, first + above, last - first - above - below);
    part = at::constant_pad_nd(part, {layer.padding, layer.padding, above, below}).contiguous(format());
    shapes_.see("convolution", part, layer.weight);
    out.narrow(2, start, count)
        .copy_(at::conv2d(part, layer.weight, layer.bias, layer.stride, /*padding=*/at::IntArrayRef{0}));
  }
  return out;
}

at::Tensor MpsKernels::run_layer_norm(const at::Tensor& x, const net::Norm& norm) const {
  return net::Kernels::run_layer_norm(x.contiguous(), norm);
}

at::Tensor MpsKernels::upsample(const at::Tensor& x, int64_t height, int64_t width) const {
  const int64_t views = x.size(0), channels = x.size(1);
  // Channels are independent, and one alone is never too large.
  const at::Tensor planes = x.contiguous().view({views * channels, 1, x.size(2), x.size(3)});
  const int64_t largest = std::max(height * width, x.size(2) * x.size(3));
  const at::Tensor y =
      in_parts(planes, parts_at_a_time(views * channels, largest, pieces_), [&](const at::Tensor& part) {
        shapes_.see("upsample", part, part);
        return at::upsample_bilinear2d(part, at::IntArrayRef{height, width}, /*align_corners=*/true)
            .contiguous();
      });
  return y.view({views, channels, height, width});
}

at::Tensor MpsKernels::gate(const at::Tensor& x) const {
  const auto halves = x.chunk(2, -1);
  return at::silu(halves[0].contiguous()).mul_(halves[1]);
}

}  // namespace da3::mps
