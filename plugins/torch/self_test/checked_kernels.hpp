// SPDX-License-Identifier: Apache-2.0
// A device's kernels, each compared with a reference on the CPU while a network runs: on the same numbers, so
// that what is wrong is found where it is wrong and not where it shows.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "net/emulated_kernels.hpp"
#include "net/kernels.hpp"

namespace da3::engine {

/// The largest difference of two tensors, relative to the largest magnitude of want; infinite where only one
/// of them is finite, or where their shapes differ.
double relative_error(const at::Tensor& got, const at::Tensor& want);

/// What a correct device may differ by: results of type, of products in arithmetic.
double error_limit(at::ScalarType type, net::Arithmetic arithmetic);

class CheckedKernels : public net::Kernels {
 public:
  struct Finding {
    std::string kernel;  ///< "linear gelu [2, 25, 128] -> [2, 25, 344] bfloat16"
    std::string layer;   ///< where in the network: "backbone, step 2"
    double error, limit;
    bool wrong() const { return !(error <= limit); }
  };

  /// device: lives longer. tell may throw, which ends the run.
  CheckedKernels(const net::Kernels& device, std::function<void(const Finding&)> tell)
      : device_(device), tell_(std::move(tell)) {}

  void enter_layer(std::string layer) { layer_ = std::move(layer); }

  void prepare(net::Linear& layer) const override;
  void prepare(net::Convolution& layer) const override;
  at::Tensor upsample(const at::Tensor& x, int64_t height, int64_t width) const override;
  at::Tensor layer_norm_for(const at::Tensor& x, const net::Norm& norm, net::Arithmetic next) const override;
  net::QueriesKeys qk_norm_rope(const at::Tensor& qkv, const net::QkNorm* norms,
                                const net::TokenRotation& rotation,
                                net::Arithmetic arithmetic) const override;
  at::Tensor self_attention(const at::Tensor& qkv, const net::QkNorm* norms,
                            const net::TokenRotation& rotation, net::Arithmetic arithmetic) const override;
  net::Arithmetic attention_arithmetic(net::Arithmetic arithmetic, int64_t head_channels) const override {
    return device_.attention_arithmetic(arithmetic, head_channels);
  }
  at::Tensor add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                            const net::Norm& norm, net::Arithmetic next) const override;
  void add_residual(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale) const override;
  void feed_forward_add(at::Tensor& x, const at::Tensor& normed, const net::Linear& expand,
                        const net::Linear& contract) const override;
  at::Tensor gate(const at::Tensor& x) const override;
  void upsample_add_(at::Tensor& target, const at::Tensor& x) const override;
  at::Tensor upsample_grid(const at::Tensor& x, int64_t height, int64_t width,
                           const net::GridEmbedding& grid) const override;
  at::Tensor convolution_of_upsampled(const at::Tensor& x, int64_t height, int64_t width,
                                      const net::Convolution& layer) const override;
  std::vector<at::Tensor> full_size_logits(const at::Tensor& x, int64_t height, int64_t width,
                                           const net::GridEmbedding* grid,
                                           const std::vector<net::FullSizeBranch>& branches) const override;

 protected:
  at::Tensor run_linear(const at::Tensor& x, const net::Linear& layer,
                        net::Activation activation) const override;
  at::Tensor run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           net::Arithmetic arithmetic) const override;
  at::Tensor run_convolution(const at::Tensor& x, const net::Convolution& layer,
                             net::Activation activation) const override;
  at::Tensor run_convolution_of_relu(const at::Tensor& x, const net::Convolution& layer,
                                     net::Activation activation) const override;
  at::Tensor run_convolution_add(const at::Tensor& x, const net::Convolution& layer,
                                 const at::Tensor& residual) const override;
  at::Tensor run_layer_norm(const at::Tensor& x, const net::Norm& norm) const override;

 private:
  void compare(const std::string& kernel, const at::Tensor& input, const at::Tensor& got,
               const at::Tensor& want, net::Arithmetic arithmetic = net::Arithmetic::float32) const;
  template <class Layer>
  const Layer& plain(const Layer& prepared, const std::unordered_map<const void*, Layer>& known) const;

  const net::Kernels& device_;
  const net::EmulatedKernels reference_;
  std::function<void(const Finding&)> tell_;
  std::string layer_ = "before the blocks";
  // The layers as they were read, by the weight that the device's prepare() made of theirs.
  mutable std::unordered_map<const void*, net::Linear> linears_;
  mutable std::unordered_map<const void*, net::Convolution> convolutions_;
};

}  // namespace da3::engine
