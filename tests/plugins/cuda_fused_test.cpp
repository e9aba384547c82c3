// SPDX-License-Identifier: Apache-2.0
// The fused kernels of the cuda engine, run on the host, against ATen's steps one by one.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "cuda/cuda_kernels.hpp"
#include "cuda/kernels/fused.hpp"
#include "cuda/kernels/norm_ops.hpp"

namespace da3::cuda {
namespace {

const net::Kernels aten;

/// Largest difference that rounding explains: the last bit of the type, of values around `size`.
double tolerance(at::ScalarType type, double size) {
  return size * (type == at::kFloat ? 2e-6 : type == at::kBFloat16 ? 1.0 / 128 : 1.0 / 1024);
}

void expect_near(const at::Tensor& got, const at::Tensor& want, at::ScalarType type) {
  ASSERT_EQ(got.sizes(), want.sizes());
  const at::Tensor off = (got.to(at::kFloat) - want.to(at::kFloat)).abs();
  EXPECT_LE(off.max().item<double>(), tolerance(type, want.abs().max().item<double>())) << type;
}

net::Norm random_norm(int64_t channels, double eps) {
  return {at::randn({channels}) + 1.0, at::randn({channels}), eps};
}

class Fused : public testing::TestWithParam<at::ScalarType> {
 protected:
  const c10::InferenceMode inference_;
};

net::Arithmetic arithmetic(at::ScalarType type) {
  return type == at::kFloat      ? net::Arithmetic::float32
         : type == at::kBFloat16 ? net::Arithmetic::bfloat16
                                 : net::Arithmetic::float16;
}

TEST_P(Fused, QkNormAndRotationIsAtens) {
  const int64_t rows = 3, columns = 5, tokens = 1 + rows * columns;
  for (const int64_t d : {4, 24, 64, 96}) {
    const net::QkNorm norms{random_norm(d, 1e-5), random_norm(d, 1e-5)};
    const net::Rotation local = net::local_rotation(rows, columns, d, at::kCPU),
                        camera = net::camera_rotation(d, at::kCPU);
    const at::Tensor views = at::randn({2, tokens, 3, 3, d}).to(GetParam()),
                     scene = at::randn({2, 3 * tokens, 3, 3, d}).to(GetParam());
    struct Case {
      const at::Tensor& qkv;
      const net::QkNorm* norms;
      net::TokenRotation rotation;
    };
    for (const Case& c :
         {Case{views, &norms, {&local, nullptr, tokens}}, Case{views, nullptr, {&local, nullptr, tokens}},
          Case{scene, &norms, {nullptr, &camera, tokens}}, Case{views, &norms, {}}}) {
      const net::QueriesKeys got = fused_qk_norm_rope(c.qkv, c.norms, c.rotation);
      const net::QueriesKeys want =
          aten.qk_norm_rope(c.qkv.clone(), c.norms, c.rotation, arithmetic(GetParam()));
      expect_near(got.q, want.q, GetParam());
      expect_near(got.k, want.k, GetParam());
      EXPECT_EQ(got.q.scalar_type(), GetParam());
    }
  }
}

TEST_P(Fused, ResidualAndNormIsAtens) {
  for (const int64_t channels : {64, 384, 1536}) {
    const at::Tensor x = at::randn({2, 7, channels}) * 30.0, delta = at::randn_like(x).to(GetParam());
    const net::Norm norm = random_norm(channels, 1e-6);
    for (const at::Tensor& scale : {at::Tensor(), at::Tensor(at::randn({channels}))}) {
      at::Tensor ours = x.clone(), atens = x.clone();
      const at::Tensor got = fused_add_layer_norm(ours, delta, scale, norm);
      const at::Tensor want = aten.add_layer_norm(atens, delta, scale, norm, arithmetic(GetParam()));
      expect_near(ours, atens, at::kFloat);
      expect_near(got, want, GetParam());
    }
  }
}

TEST_P(Fused, GateIsAtens) {
  const at::Tensor x = (at::randn({2, 3, 40}) * 8.0).to(GetParam());
  const at::Tensor got = fused_gate(x);
  // In float32: LibTorch rounds between the two steps, the kernel does not.
  expect_near(got, aten.gate(x.to(at::kFloat)), GetParam());
  EXPECT_EQ(got.scalar_type(), GetParam());
}

TEST_P(Fused, NormInTheNextLayersTypeIsAtens) {
  const at::Tensor x = at::randn({2, 7, 384}) * 30.0, before = x.clone();
  const net::Norm norm = random_norm(384, 1e-6);
  const at::Tensor got = fused_layer_norm(x, norm, GetParam());
  expect_near(got, aten.layer_norm(x, norm), GetParam());
  EXPECT_EQ(got.scalar_type(), GetParam());
  EXPECT_TRUE(at::equal(x, before)) << "nothing is added";
}

TEST_P(Fused, NormOfChannelsFarFromZeroKeepsItsDigits) {
  const net::Norm norm{at::ones({384}), at::zeros({384}), 1e-6};
  at::Tensor x = at::randn({3, 384}) + 4000.0, same = x.clone();
  const at::Tensor got = fused_add_layer_norm(x, at::zeros({3, 384}).to(GetParam()), {}, norm);
  const at::Tensor exact = at::layer_norm(same.to(at::kDouble), {384}, norm.weight.to(at::kDouble),
                                          norm.bias.to(at::kDouble), norm.eps);
  const double off = (got.to(at::kDouble) - exact).abs().max().item<double>();
  EXPECT_LE(off, GetParam() == at::kFloat ? 1e-3 : tolerance(GetParam(), 4.0));
}

TEST_P(Fused, UpsamplingAndAdditionIsAtens) {
  struct Size {
    int64_t height, width, to_height, to_width;
  };
  for (const Size& s :
       {Size{3, 4, 6, 8}, Size{5, 7, 35, 49}, Size{1, 1, 4, 3}, Size{2, 3, 1, 1}, Size{4, 4, 4, 4}}) {
    const auto map = [&](int64_t height, int64_t width) {
      return at::randn({2, 8, height, width}).to(GetParam()).contiguous(at::MemoryFormat::ChannelsLast);
    };
    const at::Tensor x = map(s.height, s.width);
    at::Tensor ours = map(s.to_height, s.to_width), atens = ours.clone();
    fused_upsample_add_(ours, x);
    aten.upsample_add_(atens, x);
    expect_near(ours, atens, GetParam());
    EXPECT_TRUE(ours.is_contiguous(at::MemoryFormat::ChannelsLast));

    const net::GridEmbedding grid = net::grid_embedding(s.to_height, s.to_width, 8, 1.5, at::kCPU);
    const at::Tensor got = fused_upsample_grid(x, s.to_height, s.to_width, grid);
    expect_near(got, aten.upsample_grid(x, s.to_height, s.to_width, grid), GetParam());
    EXPECT_TRUE(got.is_contiguous(at::MemoryFormat::ChannelsLast));
  }
}

INSTANTIATE_TEST_SUITE_P(Types, Fused, testing::Values(at::kFloat, at::kBFloat16, at::kHalf),
                         [](const testing::TestParamInfo<at::ScalarType>& type) {
                           return std::string(c10::toString(type.param));
                         });

/// Lanes as a warp has them, one after the other: what each of them adds to a sum is written down in a first
/// round and known to all in the next.
class TurnLanes {
 public:
  TurnLanes(int64_t index, int64_t count, std::vector<std::vector<float>>& parts, size_t rounds)
      : index_(index), count_(count), parts_(&parts), rounds_(rounds) {}
  int64_t index() const { return index_; }
  int64_t count() const { return count_; }
  float sum(float value) const {
    const size_t call = calls_++;
    if (parts_->size() <= call) parts_->resize(call + 1, std::vector<float>(static_cast<size_t>(count_)));
    (*parts_)[call][static_cast<size_t>(index_)] = value;
    float total = 0;
    for (float part : (*parts_)[call]) total += part;
    return call < rounds_ ? total : 0.0f;
  }

 private:
  int64_t index_, count_;
  std::vector<std::vector<float>>* parts_;
  size_t rounds_;
  mutable size_t calls_ = 0;
};

TEST(Lanes, ThirtyTwoShareANormAsOneDoesIt) {
  const int64_t channels = 100;  // not a multiple of a warp
  const at::Tensor values = at::randn({channels}) + 5.0;
  const float* at = values.const_data_ptr<float>();
  const Moments one = moments(OneLane(), channels, 1e-6f, [&](int64_t i) { return at[i]; });
  std::vector<std::vector<float>> parts;
  // Three sums, one known after the other.
  for (int turn = 0; turn < 4; ++turn)
    for (int64_t lane = 0; lane < 32; ++lane) {
      const Moments shared =
          moments(TurnLanes(lane, 32, parts, 3), channels, 1e-6f, [&](int64_t i) { return at[i]; });
      if (turn < 3) continue;
      EXPECT_NEAR(shared.mean, one.mean, 1e-5);
      EXPECT_NEAR(shared.inverse_deviation, one.inverse_deviation, 1e-5);
    }
}

TEST(CudaKernels, TakeAtensStepsWhereAKernelCannotRead) {
  const c10::InferenceMode inference;
  const CudaKernels kernels{engine::Policy{}};
  // Channels-first memory, and heads of a size that no rotation has.
  const at::Tensor first = at::randn({1, 6, 4, 4});
  at::Tensor target = at::randn({1, 6, 8, 8}), want = target.clone();
  kernels.upsample_add_(target, first);
  aten.upsample_add_(want, first);
  EXPECT_TRUE(at::allclose(target, want));
  const net::QkNorm norms{random_norm(6, 1e-5), random_norm(6, 1e-5)};
  const at::Tensor qkv = at::randn({1, 4, 3, 2, 6});
  EXPECT_TRUE(at::allclose(kernels.qk_norm_rope(qkv, &norms, {}, net::Arithmetic::float32).k,
                           aten.qk_norm_rope(qkv, &norms, {}, net::Arithmetic::float32).k));
}

TEST(CudaKernels, AttentionIsNeverTheUnfusedOne) {
  using engine::Attention;
  EXPECT_EQ(attention_for(at::kBFloat16, Attention::flash), Attention::flash);
  EXPECT_EQ(attention_for(at::kHalf, Attention::cudnn), Attention::cudnn);
  EXPECT_EQ(attention_for(at::kFloat, Attention::flash), Attention::efficient) << "flash has no float32";
  EXPECT_EQ(attention_for(at::kHalf, Attention::by_engine), Attention::efficient);
  EXPECT_EQ(attention_for(at::kHalf, Attention::chunked), Attention::efficient);
}

}  // namespace
}  // namespace da3::cuda
