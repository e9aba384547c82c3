// SPDX-License-Identifier: Apache-2.0
#include "net/reference_view.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <string>

#include <da3/error.hpp>

namespace da3::net {

namespace {

/// Scales each scene's metric [B, S] to [0, 1].
at::Tensor to_unit_range(const at::Tensor& metric) {
  const at::Tensor low = metric.amin(1, true), high = metric.amax(1, true);
  return (metric - low) / (high - low + 1e-8);
}

/// Cosine similarities between the views, 0 on the diagonal, exactly symmetric: [B, S, S].
at::Tensor similarities(const at::Tensor& unit) {
  const at::Tensor product = at::matmul(unit, unit.transpose(1, 2).contiguous());
  const at::Tensor others = 1.0 - at::eye(unit.size(1), unit.options());
  return (product + product.transpose(1, 2)) * 0.5 * others;
}

/// The view with the widest range of similarities. Where all are positive, the two views most like each other
/// tie but for the rounding of their diagonal (upstream lets that decide); here the later one wins, always.
at::Tensor widest_range(const at::Tensor& unit) {
  const at::Tensor similarity = similarities(unit);
  const at::Tensor range = similarity.amax(-1) - similarity.amin(-1);
  return unit.size(1) - 1 - range.flip(1).argmax(1);
}

/// The view nearest to the middle of three ranges: mean similarity, length and variance of its class token.
at::Tensor most_balanced(const at::Tensor& tokens, const at::Tensor& length, const at::Tensor& unit) {
  const auto others = static_cast<double>(tokens.size(1) - 1);
  const at::Tensor similarity = to_unit_range(similarities(unit).sum(-1) / others);
  const at::Tensor norm = to_unit_range(length.squeeze(-1));
  const at::Tensor variance = to_unit_range(unit.var(-1, /*unbiased=*/true));
  return ((similarity - 0.5).abs() + (norm - 0.5).abs() + (variance - 0.5).abs()).argmin(1);
}

}  // namespace

ReferenceStrategy reference_strategy(std::string_view name) {
  if (name == "saddle_balanced") return ReferenceStrategy::saddle_balanced;
  if (name == "saddle_sim_range") return ReferenceStrategy::saddle_sim_range;
  if (name == "first") return ReferenceStrategy::first;
  if (name == "middle") return ReferenceStrategy::middle;
  throw Error(DA3_E_BAD_VALUE, "bad value of ref_view_strategy: '" + std::string(name) +
                                   "' is not one of saddle_balanced, saddle_sim_range, first, middle");
}

at::Tensor select_reference(const at::Tensor& class_tokens, ReferenceStrategy strategy) {
  const int64_t scenes = class_tokens.size(0), views = class_tokens.size(1);
  const auto indices = class_tokens.options().dtype(at::kLong);
  if (views <= 1 || strategy == ReferenceStrategy::first) return at::zeros({scenes}, indices);
  if (strategy == ReferenceStrategy::middle) return at::full({scenes}, views / 2, indices);
  const at::Tensor length = class_tokens.norm(2, {-1}, /*keepdim=*/true);
  const at::Tensor unit = class_tokens / length;
  if (strategy == ReferenceStrategy::saddle_balanced) return most_balanced(class_tokens, length, unit);
  return widest_range(unit);
}

ViewOrder reference_first(const at::Tensor& reference, int64_t views) {
  const at::Tensor position = at::arange(views, reference.options()).unsqueeze(0);  // [1, S]
  const at::Tensor chosen = reference.unsqueeze(1);                                 // [B, 1]
  // Views before the reference move back by one, those after it stay.
  at::Tensor order = at::where(position <= chosen, position - 1, position);
  order.narrow(1, 0, 1).copy_(chosen);
  at::Tensor inverse = at::where(position < chosen, position + 1, position);
  inverse.scatter_(1, chosen, 0);
  return {order, inverse};
}

at::Tensor permute_views(const at::Tensor& x, const at::Tensor& permutation) {
  if (x.size(0) == 1) return x.index_select(1, permutation[0]);
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[0] = permutation.size(0);
  shape[1] = permutation.size(1);
  return x.gather(1, permutation.view(shape).expand(x.sizes()));
}

}  // namespace da3::net
