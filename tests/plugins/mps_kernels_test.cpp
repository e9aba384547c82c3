// SPDX-License-Identifier: Apache-2.0
// Metal's kernels in pieces of every size, on the host: the whole is the same.
#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <da3/error.hpp>

#include <vector>

#include "mps/mps_kernels.hpp"

namespace da3::mps {
namespace {

class MpsPieces : public testing::Test {
 protected:
  const c10::InferenceMode inference_;
};

MpsKernels kernels_with(int64_t elements, int64_t score_bytes = 1 << 28) {
  return MpsKernels(engine::Policy{}, Pieces{elements, score_bytes});
}

void expect_close(const at::Tensor& got, const at::Tensor& want, double tolerance = 1e-5) {
  ASSERT_EQ(got.sizes(), want.sizes());
  EXPECT_LE((got - want).abs().max().item<float>(), tolerance);
}

TEST_F(MpsPieces, AttentionIsTheSameForEveryBudget) {
  // Strided, as the blocks' queries, keys and values are.
  const at::Tensor qkv = at::randn({2, 37, 3, 3, 16});
  const auto side = [&](int64_t i) { return qkv.select(2, i).transpose(1, 2); };
  const at::Tensor q = side(0), k = side(1), v = side(2), want = at::scaled_dot_product_attention(q, k, v);
  const int64_t row = 6 * 37 * 4;  // bytes of one query's scores in all heads
  for (const int64_t bytes : {int64_t{1}, int64_t{4}, int64_t{37 * 4}, int64_t{3 * 37 * 4}, row, 3 * row,
                              8 * row, 36 * row, 37 * row, 1000 * row})
    for (const int64_t elements : {kMostElements, int64_t{5000}, int64_t{1}}) {
      const MpsKernels kernels = kernels_with(elements, bytes);
      expect_close(kernels.attention(q, k, v), want);
      EXPECT_GE(kernels.most_attention_pieces(), 1);
    }
  EXPECT_EQ(kernels_with(kMostElements, 1).most_attention_pieces(), 0) << "nothing ran";
  const MpsKernels finest = kernels_with(kMostElements, 1);
  finest.attention(q, k, v);
  EXPECT_EQ(finest.most_attention_pieces(), 6 * 37);
}

TEST_F(MpsPieces, AttentionWithOtherKeysThanQueries) {
  const at::Tensor q = at::randn({1, 2, 5, 8}), k = at::randn({1, 2, 19, 8}), v = at::randn({1, 2, 19, 8});
  expect_close(kernels_with(kMostElements, 19 * 4 * 3).attention(q, k, v),
               at::scaled_dot_product_attention(q, k, v));
}

TEST_F(MpsPieces, ConvolutionsAreTheSame) {
  struct Shape {
    int64_t kernel, stride, padding, height, width;
  };
  for (const Shape& s : {Shape{3, 1, 1, 11, 9}, Shape{3, 2, 1, 11, 9}, Shape{3, 2, 1, 12, 10},
                         Shape{1, 1, 0, 7, 5}, Shape{3, 1, 1, 1, 4}}) {
    const at::Tensor x = at::randn({3, 4, s.height, s.width}).contiguous(at::MemoryFormat::ChannelsLast);
    net::Convolution layer{at::randn({6, 4, s.kernel, s.kernel}), at::randn({6}), s.stride, s.padding};
    const at::Tensor want = at::conv2d(x, layer.weight, layer.bias, s.stride, s.padding);
    for (const int64_t elements : {1, 60, 150, 200, 350, 600, 1500, 1 << 20}) {
      const MpsKernels kernels = kernels_with(elements);
      kernels.prepare(layer);
      expect_close(kernels.convolution(x, layer), want);
      expect_close(kernels.convolution(x, layer, net::Activation::relu), want.relu());
      expect_close(kernels.convolution_add(x, layer, want), want + want);
    }
  }
}

TEST_F(MpsPieces, UpsamplingIsTheSame) {
  const at::Tensor x = at::randn({2, 6, 5, 4}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor want = at::upsample_bilinear2d(x, at::IntArrayRef{11, 9}, true);
  for (const int64_t elements : {1, 99, 250, 700, 1 << 20})
    expect_close(kernels_with(elements).upsample(x, 11, 9), want);
}

TEST_F(MpsPieces, LinearsAreTheSame) {
  const at::Tensor x = at::randn({2, 3, 7, 8}).transpose(1, 2);
  const net::Linear layer{at::randn({5, 8}), at::randn({5})};
  const at::Tensor want = x.matmul(layer.weight.t()) + layer.bias;
  for (const int64_t elements : {1, 8, 30, 100, 1 << 20})
    expect_close(kernels_with(elements).linear(x, layer), want);
}

TEST_F(MpsPieces, LayersThatMetalCannotComputeAreRefused) {
  net::Linear layer{at::randn({5, 8}), {}};
  layer.arithmetic = net::Arithmetic::int8;
  EXPECT_THROW(kernels_with(1).prepare(layer), Error);
}

TEST(Pieces, AttentionStaysWithinItsBudgetAndMetalsIndices) {
  for (const int64_t heads : {1, 6, 208, 384})
    for (const int64_t tokens : {1, 37, 1297, 16861, 129700})
      for (const int64_t budget : {int64_t{1} << 20, int64_t{16} << 20, int64_t{16} << 30}) {
        const Pieces pieces{kMostElements, budget};
        const AttentionPiece piece = attention_piece(heads, tokens, tokens, 64, pieces);
        ASSERT_GE(piece.heads, 1);
        ASSERT_GE(piece.queries, 1);
        ASSERT_LE(piece.heads, heads);
        ASSERT_LE(piece.queries, tokens);
        const int64_t scores = piece.heads * piece.queries * tokens;
        EXPECT_LE(scores, kMostElements);
        EXPECT_LE(4 * scores, budget);
        EXPECT_LE(piece.heads * tokens * 64, kMostElements);
        EXPECT_TRUE(piece.queries == tokens || (piece.queries & (piece.queries - 1)) == 0) << piece.queries;
      }
}

TEST(Pieces, ShrinkToAnEnd) {
  Pieces pieces;
  int steps = 0;
  for (Pieces before = pieces; pieces.shrink(); before = pieces, ++steps) {
    EXPECT_LE(pieces.score_bytes, before.score_bytes);
    EXPECT_LE(pieces.elements, before.elements);
    ASSERT_LT(steps, 20);
  }
  EXPECT_EQ(pieces.score_bytes, 1 << 20);
  EXPECT_GT(steps, 2);
  Pieces tiny{10, 10};
  EXPECT_FALSE(tiny.shrink()) << "never grows";
  EXPECT_EQ(tiny.elements, 10);
}

TEST(Shapes, AreCountedOnce) {
  ShapeCount shapes;
  const at::Tensor a = at::randn({2, 3}), b = at::randn({3, 2});
  for (int i = 0; i < 3; ++i) shapes.see("linear", a, b);
  EXPECT_EQ(shapes.count(), 1u);
  shapes.see("linear", b, a);
  shapes.see("linear", a.to(at::kHalf), b);
  EXPECT_EQ(shapes.count(), 3u);
}

}  // namespace
}  // namespace da3::mps
