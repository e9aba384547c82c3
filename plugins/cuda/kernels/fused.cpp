// SPDX-License-Identifier: Apache-2.0
#include "cuda/kernels/fused.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <type_traits>
#include <vector>

#include "cuda/kernels/norm_ops.hpp"
#include "cuda/kernels/run_op.hpp"
#include "cuda/kernels/upsample_ops.hpp"

namespace da3::cuda {

namespace {

template <class Op>
void run(const Op& op, const at::Tensor& where) {
  if (where.is_cuda()) return run_on_device(op);
  at::parallel_for(0, op.items(), 64, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) op(item, OneLane());
  });
}

/// Calls body with a null pointer of the type.
template <class Body>
void by_type(at::ScalarType type, const Body& body) {
  switch (type) {
    case at::kFloat:
      return body(static_cast<float*>(nullptr));
    case at::kBFloat16:
      return body(static_cast<c10::BFloat16*>(nullptr));
    case at::kHalf:
      return body(static_cast<c10::Half*>(nullptr));
    default:
      TORCH_CHECK(false, "fused kernel: no kernel for type ", type);
  }
}

const float* floats(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr;
}

NormWeights weights_of(const net::Norm& norm) {
  return {floats(norm.weight), floats(norm.bias), static_cast<float>(norm.eps)};
}

bool has_kernel(at::ScalarType type) {
  return type == at::kFloat || type == at::kBFloat16 || type == at::kHalf;
}
bool has_kernel(const at::Tensor& tensor) { return has_kernel(tensor.scalar_type()); }

/// x [V, C, H, W] in channels-last memory; what is added, see UpsampleAdd.
void upsample_into(const at::Tensor& x, at::Tensor& out, bool accumulate, const net::GridEmbedding* grid) {
  by_type(x.scalar_type(), [&](auto* element) {
    using T = std::remove_pointer_t<decltype(element)>;
    run(UpsampleAdd<T>{x.const_data_ptr<T>(), out.mutable_data_ptr<T>(), x.size(0), x.size(2), x.size(3),
                       out.size(2), out.size(3), x.size(1), accumulate,
                       grid ? floats(grid->columns) : nullptr, grid ? floats(grid->rows) : nullptr},
        x);
  });
}

}  // namespace

bool can_fuse_qk_norm_rope(const at::Tensor& qkv) {
  const int64_t items = 2 * qkv.size(0) * qkv.size(1) * qkv.size(3);
  return qkv.is_contiguous() && qkv.size(-1) % 4 == 0 && items < kMostItems && has_kernel(qkv);
}

bool can_fuse_layer_norm(const at::Tensor& x, at::ScalarType type) {
  return x.is_contiguous() && x.scalar_type() == at::kFloat && has_kernel(type);
}

bool can_fuse_add_layer_norm(const at::Tensor& x, const at::Tensor& delta) {
  return x.is_contiguous() && delta.is_contiguous() && x.scalar_type() == at::kFloat && has_kernel(delta);
}

bool can_fuse_gate(const at::Tensor& x) { return x.is_contiguous() && x.size(-1) % 2 == 0 && has_kernel(x); }

bool can_fuse_upsample(const at::Tensor& x, int64_t height, int64_t width) {
  return x.size(0) * height * width < kMostItems && x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         x.size(1) % 2 == 0 && has_kernel(x);
}

net::QueriesKeys fused_qk_norm_rope(const at::Tensor& qkv, const net::QkNorm* norms,
                                    const net::TokenRotation& rotation) {
  const int64_t sequences = qkv.size(0), tokens = qkv.size(1), heads = qkv.size(3), d = qkv.size(4);
  const at::Tensor out = at::empty({2, sequences, tokens, heads, d}, qkv.options());
  const net::Rotation* turn = rotation.every ? rotation.every : rotation.camera;
  by_type(qkv.scalar_type(), [&](auto* element) {
    using T = std::remove_pointer_t<decltype(element)>;
    QkNormRope<T> op{qkv.const_data_ptr<T>(),
                     out.mutable_data_ptr<T>(),
                     sequences,
                     tokens,
                     heads,
                     d,
                     {},
                     turn ? floats(turn->cos) : nullptr,
                     turn ? floats(turn->sin) : nullptr,
                     rotation.every || !turn ? 1 : rotation.tokens_per_view};
    if (norms) op.norm[0] = weights_of(norms->q), op.norm[1] = weights_of(norms->k);
    run(op, qkv);
  });
  return {out[0], out[1]};
}

at::Tensor fused_add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                                const net::Norm& norm) {
  const at::Tensor out = at::empty(x.sizes(), delta.options());
  by_type(delta.scalar_type(), [&](auto* element) {
    using T = std::remove_pointer_t<decltype(element)>;
    run(AddLayerNorm<T>{x.mutable_data_ptr<float>(), delta.const_data_ptr<T>(), floats(scale),
                        out.mutable_data_ptr<T>(), x.numel() / x.size(-1), x.size(-1), weights_of(norm)},
        x);
  });
  return out;
}

at::Tensor fused_layer_norm(const at::Tensor& x, const net::Norm& norm, at::ScalarType type) {
  const at::Tensor out = at::empty(x.sizes(), x.options().dtype(type));
  by_type(type, [&](auto* element) {
    using T = std::remove_pointer_t<decltype(element)>;
    // Without a delta x is only read.
    run(AddLayerNorm<T>{const_cast<float*>(x.const_data_ptr<float>()), nullptr, nullptr,
                        out.mutable_data_ptr<T>(), x.numel() / x.size(-1), x.size(-1), weights_of(norm)},
        x);
  });
  return out;
}

at::Tensor fused_gate(const at::Tensor& x) {
  std::vector<int64_t> shape = x.sizes().vec();
  const int64_t channels = shape.back() / 2, tokens = x.numel() / shape.back();
  shape.back() = channels;
  const at::Tensor out = at::empty(shape, x.options());
  by_type(x.scalar_type(), [&](auto* element) {
    using T = std::remove_pointer_t<decltype(element)>;
    run(Gate<T>{x.const_data_ptr<T>(), out.mutable_data_ptr<T>(), tokens, channels}, x);
  });
  return out;
}

void fused_upsample_add_(at::Tensor& target, const at::Tensor& x) { upsample_into(x, target, true, nullptr); }

at::Tensor fused_upsample_grid(const at::Tensor& x, int64_t height, int64_t width,
                               const net::GridEmbedding& grid) {
  at::Tensor out =
      at::empty({x.size(0), x.size(1), height, width}, x.options(), at::MemoryFormat::ChannelsLast);
  upsample_into(x, out, false, &grid);
  return out;
}

}  // namespace da3::cuda
