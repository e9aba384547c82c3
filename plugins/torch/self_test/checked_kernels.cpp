// SPDX-License-Identifier: Apache-2.0
#include "self_test/checked_kernels.hpp"

#include <ATen/TensorOperators.h>
#include <da3/error.hpp>

#include <algorithm>
#include <limits>

namespace da3::engine {

namespace {

using net::Arithmetic;

at::Tensor host(const at::Tensor& x) { return x.defined() ? x.to(at::kCPU) : x; }
/// For what a kernel may overwrite.
at::Tensor host_copy(const at::Tensor& x) { return x.to(x.options().device(at::kCPU), false, /*copy=*/true); }

net::Norm host(const net::Norm& norm) { return {host(norm.weight), host(norm.bias), norm.eps}; }
net::Rotation host(const net::Rotation& rotation) { return {host(rotation.cos), host(rotation.sin)}; }

template <class Layer>
Layer host_layer(const Layer& layer) {
  Layer copy = layer;
  copy.weight = host(layer.weight);
  copy.bias = host(layer.bias);
  return copy;
}

std::string sizes_text(const at::Tensor& x) {
  std::string text = "[";
  for (int64_t i = 0; i < x.dim(); ++i) text += (i ? ", " : "") + std::to_string(x.size(i));
  return text + "]";
}

const char* activation_text(net::Activation activation) {
  return activation == net::Activation::gelu ? " gelu" : activation == net::Activation::relu ? " relu" : "";
}

std::string arithmetic_text(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::tf32:
      return "tf32";
    case Arithmetic::bfloat16:
      return "bfloat16";
    case Arithmetic::float16:
      return "float16";
    case Arithmetic::int8:
      return "int8";
    default:
      return "float32";
  }
}

}  // namespace

double relative_error(const at::Tensor& got, const at::Tensor& want) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (got.sizes() != want.sizes()) return infinite;
  if (want.numel() == 0) return 0;
  const at::Tensor g = host(got).to(at::kDouble), w = host(want).to(at::kDouble);
  const at::Tensor finite = w.isfinite();
  if (!finite.eq(g.isfinite()).all().item<bool>()) return infinite;
  const at::Tensor difference = (g - w).abs().masked_fill(finite.logical_not(), 0);
  const double largest = w.abs().masked_fill(finite.logical_not(), 0).max().item<double>();
  const double off = difference.max().item<double>();
  return off == 0 ? 0 : largest == 0 ? infinite : off / largest;
}

double error_limit(at::ScalarType type, Arithmetic arithmetic) {
  // A result in bfloat16 is rounded by up to 2^-9, in float16 by 2^-12; sums in another order move some of
  // them to a neighbour. In int8 an input between two steps may go to either.
  if (type == at::kBFloat16 || arithmetic == Arithmetic::bfloat16) return 2e-2;
  if (arithmetic == Arithmetic::int8) return 1e-2;
  if (type == at::kHalf || arithmetic == Arithmetic::float16 || arithmetic == Arithmetic::tf32) return 3e-3;
  return 5e-5;
}

void CheckedKernels::compare(const std::string& kernel, const at::Tensor& input, const at::Tensor& got,
                             const at::Tensor& want, Arithmetic arithmetic) const {
  double limit = error_limit(got.scalar_type(), arithmetic);
  // Winograd's transforms lose some digits, and are still worth it.
  if (limit < 2e-4 && kernel.rfind("convolution", 0) == 0) limit = 2e-4;
  tell_({kernel + " " + sizes_text(input) + " -> " + sizes_text(want) + " " + arithmetic_text(arithmetic),
         layer_, relative_error(got, want), limit});
}

template <class Layer>
const Layer& CheckedKernels::plain(const Layer& prepared,
                                   const std::unordered_map<const void*, Layer>& known) const {
  const auto found = known.find(prepared.weight.unsafeGetTensorImpl());
  if (found == known.end())
    throw Error(DA3_E_INTERNAL, "self test: a layer was used that was never prepared; report it");
  return found->second;
}

void CheckedKernels::prepare(net::Linear& layer) const {
  net::Linear copy = host_layer(layer);
  reference_.prepare(copy);
  device_.prepare(layer);
  linears_[layer.weight.unsafeGetTensorImpl()] = std::move(copy);
}

void CheckedKernels::prepare(net::Convolution& layer) const {
  net::Convolution copy = host_layer(layer);
  reference_.prepare(copy);
  device_.prepare(layer);
  convolutions_[layer.weight.unsafeGetTensorImpl()] = std::move(copy);
}

at::Tensor CheckedKernels::run_linear(const at::Tensor& x, const net::Linear& layer,
                                      net::Activation activation) const {
  const at::Tensor want = reference_.linear(host(x), plain(layer, linears_), activation);
  at::Tensor got = device_.linear(x, layer, activation);
  compare(std::string("linear") + activation_text(activation), x, got, want, layer.arithmetic);
  return got;
}

at::Tensor CheckedKernels::run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                         Arithmetic arithmetic) const {
  const at::Tensor want = reference_.attention(host(q), host(k), host(v), arithmetic);
  at::Tensor got = device_.attention(q, k, v, arithmetic);
  compare("attention", q, got, want, attention_arithmetic(arithmetic, q.size(-1)));
  return got;
}

at::Tensor CheckedKernels::run_convolution(const at::Tensor& x, const net::Convolution& layer,
                                           net::Activation activation) const {
  const at::Tensor want = reference_.convolution(host(x), plain(layer, convolutions_), activation);
  at::Tensor got = device_.convolution(x, layer, activation);
  compare(std::string("convolution") + activation_text(activation), x, got, want, layer.arithmetic);
  return got;
}

at::Tensor CheckedKernels::run_convolution_of_relu(const at::Tensor& x, const net::Convolution& layer,
                                                   net::Activation activation) const {
  const at::Tensor want = reference_.convolution_of_relu(host(x), plain(layer, convolutions_), activation);
  at::Tensor got = device_.convolution_of_relu(x, layer, activation);
  compare(std::string("convolution of relu") + activation_text(activation), x, got, want, layer.arithmetic);
  return got;
}

at::Tensor CheckedKernels::run_convolution_add(const at::Tensor& x, const net::Convolution& layer,
                                               const at::Tensor& residual) const {
  const at::Tensor want =
      reference_.convolution_add(host(x), plain(layer, convolutions_), host_copy(residual));
  at::Tensor got = device_.convolution_add(x, layer, residual);
  compare("convolution_add", x, got, want, layer.arithmetic);
  return got;
}

at::Tensor CheckedKernels::run_layer_norm(const at::Tensor& x, const net::Norm& norm) const {
  const at::Tensor want = reference_.layer_norm(host(x), host(norm));
  at::Tensor got = device_.layer_norm(x, norm);
  compare("layer_norm", x, got, want);
  return got;
}

at::Tensor CheckedKernels::layer_norm_for(const at::Tensor& x, const net::Norm& norm, Arithmetic next) const {
  const at::Tensor want = reference_.layer_norm(host(x), host(norm));
  at::Tensor got = device_.layer_norm_for(x, norm, next);
  compare("layer_norm", x, got, want);
  return got;
}

at::Tensor CheckedKernels::upsample(const at::Tensor& x, int64_t height, int64_t width) const {
  const at::Tensor want = reference_.upsample(host(x), height, width);
  at::Tensor got = device_.upsample(x, height, width);
  compare("upsample", x, got, want);
  return got;
}

namespace {

/// What qkv's kernels read beside it, on the host.
struct HostSteps {
  net::QkNorm norms;
  net::Rotation every, camera;
  const net::QkNorm* some_norms = nullptr;
  net::TokenRotation rotation;

  HostSteps(const net::QkNorm* of_norms, const net::TokenRotation& of_rotation)
      : rotation{nullptr, nullptr, of_rotation.tokens_per_view} {
    if (of_norms) norms = {host(of_norms->q), host(of_norms->k)}, some_norms = &norms;
    if (of_rotation.every) every = host(*of_rotation.every), rotation.every = &every;
    if (of_rotation.camera) camera = host(*of_rotation.camera), rotation.camera = &camera;
  }
  HostSteps(const HostSteps&) = delete;
  HostSteps& operator=(const HostSteps&) = delete;
};

}  // namespace

net::QueriesKeys CheckedKernels::qk_norm_rope(const at::Tensor& qkv, const net::QkNorm* norms,
                                              const net::TokenRotation& rotation,
                                              Arithmetic arithmetic) const {
  const HostSteps on_host(norms, rotation);
  const net::QueriesKeys want =
      reference_.qk_norm_rope(host_copy(qkv), on_host.some_norms, on_host.rotation, arithmetic);
  net::QueriesKeys got = device_.qk_norm_rope(qkv, norms, rotation, arithmetic);
  compare("qk_norm_rope, queries", qkv, got.q, want.q);
  compare("qk_norm_rope, keys", qkv, got.k, want.k);
  return got;
}

at::Tensor CheckedKernels::self_attention(const at::Tensor& qkv, const net::QkNorm* norms,
                                          const net::TokenRotation& rotation, Arithmetic arithmetic) const {
  Kernels::self_attention(qkv.clone(), norms, rotation, arithmetic);  // its steps are checked one by one
  const HostSteps on_host(norms, rotation);
  const at::Tensor want =
      reference_.self_attention(host_copy(qkv), on_host.some_norms, on_host.rotation, arithmetic);
  at::Tensor got = device_.self_attention(qkv, norms, rotation, arithmetic);
  compare("attention of qkv", qkv, got, want, attention_arithmetic(arithmetic, qkv.size(-1)));
  return got;
}

at::Tensor CheckedKernels::add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                                          const net::Norm& norm, Arithmetic next) const {
  at::Tensor sum = host_copy(x);
  const at::Tensor want =
      reference_.add_layer_norm(sum, host(delta), host(scale), host(norm), Arithmetic::float32);
  at::Tensor got = device_.add_layer_norm(x, delta, scale, norm, next);
  compare("add_layer_norm, sum", delta, x, sum);
  compare("add_layer_norm, norm", delta, got, want);
  return got;
}

void CheckedKernels::add_residual(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale) const {
  at::Tensor want = host_copy(x);
  reference_.add_residual(want, host(delta), host(scale));
  device_.add_residual(x, delta, scale);
  compare("add_residual", delta, x, want);
}

void CheckedKernels::feed_forward_add(at::Tensor& x, const at::Tensor& normed, const net::Linear& expand,
                                      const net::Linear& contract) const {
  at::Tensor want = host_copy(x), apart = x.clone();
  net::Kernels::feed_forward_add(apart, normed, expand, contract);  // looks at each step
  net::Linear contract_here = plain(contract, linears_);
  contract_here.scale = host(contract.scale);
  reference_.feed_forward_add(want, host(normed), plain(expand, linears_), contract_here);
  device_.feed_forward_add(x, normed, expand, contract);
  compare("feed_forward_add", normed, x, want, contract.arithmetic);
}

at::Tensor CheckedKernels::gate(const at::Tensor& x) const {
  const at::Tensor want = reference_.gate(host_copy(x));
  at::Tensor got = device_.gate(x);
  compare("gate", x, got, want);
  return got;
}

void CheckedKernels::upsample_add_(at::Tensor& target, const at::Tensor& x) const {
  at::Tensor want = host_copy(target);
  reference_.upsample_add_(want, host(x));
  device_.upsample_add_(target, x);
  compare("upsample_add", x, target, want);
}

at::Tensor CheckedKernels::upsample_grid(const at::Tensor& x, int64_t height, int64_t width,
                                         const net::GridEmbedding& grid) const {
  const net::GridEmbedding host_grid{host(grid.columns), host(grid.rows)};
  const at::Tensor want = reference_.upsample_grid(host(x), height, width, host_grid);
  at::Tensor got = device_.upsample_grid(x, height, width, grid);
  compare("upsample_grid", x, got, want);
  return got;
}

at::Tensor CheckedKernels::convolution_of_upsampled(const at::Tensor& x, int64_t height, int64_t width,
                                                    const net::Convolution& layer) const {
  const at::Tensor want =
      reference_.convolution_of_upsampled(host(x), height, width, plain(layer, convolutions_));
  at::Tensor got = device_.convolution_of_upsampled(x, height, width, layer);
  compare("convolution of upsampled", x, got, want, layer.arithmetic);
  return got;
}

std::vector<at::Tensor> CheckedKernels::full_size_logits(
    const at::Tensor& x, int64_t height, int64_t width, const net::GridEmbedding* grid,
    const std::vector<net::FullSizeBranch>& branches) const {
  net::GridEmbedding host_grid;
  if (grid) host_grid = {host(grid->columns), host(grid->rows)};
  std::vector<net::FullSizeBranch> plain_branches;
  for (const net::FullSizeBranch& branch : branches)
    plain_branches.push_back({plain(branch.hidden, convolutions_), plain(branch.out, linears_)});
  const auto want =
      reference_.full_size_logits(host(x), height, width, grid ? &host_grid : nullptr, plain_branches);
  auto got = device_.full_size_logits(x, height, width, grid, branches);
  for (size_t i = 0; i < want.size(); ++i)
    compare("convolution and linear of full size", x, got.at(i), want[i], branches[i].hidden.arithmetic);
  return got;
}

}  // namespace da3::engine
