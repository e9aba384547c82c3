// SPDX-License-Identifier: Apache-2.0
// Work by shapes, and who is told of it.
#include "net/operation_trace.hpp"

#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/kernels.hpp"
#include "support/trace_host.hpp"

namespace da3::net {
namespace {

using test::TraceHost;
using testing::IsEmpty;

at::Tensor map(at::IntArrayRef shape) { return at::zeros(shape).contiguous(at::MemoryFormat::ChannelsLast); }

TEST(Work, OfALinear) {
  const Work work = linear_work(at::zeros({2, 5, 3}), at::zeros({2, 5, 7}), Arithmetic::float32);
  EXPECT_EQ(work.flops, 2u * 10 * 3 * 7);
  EXPECT_EQ(work.bytes, 4u * (30 + 70 + 21));
  EXPECT_EQ(linear_work(at::zeros({2, 5, 3}), at::zeros({2, 5, 7}), Arithmetic::int8).bytes,
            4u * (30 + 70) + 21);
}

TEST(Work, OfAttentionOverAllPairs) {
  const Work work = attention_work(at::zeros({1, 2, 5, 8}), at::zeros({1, 2, 9, 8}));
  EXPECT_EQ(work.flops, 2u * (2u * 2 * 5 * 9 * 8));  // scores, and values
  EXPECT_EQ(work.bytes, 4u * (2 * 80 + 2 * 144));
}

TEST(Work, OfAConvolutionByEveryResult) {
  const Work work =
      convolution_work(map({1, 3, 8, 8}), map({1, 5, 4, 4}), 3, /*residuals=*/1, Arithmetic::bfloat16);
  EXPECT_EQ(work.flops, 2u * 5 * 16 * 27);
  EXPECT_EQ(work.bytes, 4u * (192 + 2 * 80) + 2u * 27 * 5);
}

class OperationsOfKernels : public testing::Test {
 protected:
  std::vector<test::HeardSpan> heard(uint32_t wanted) {
    host_.wanted = wanted;
    const sdk::Trace trace(host_.table(), nullptr, 1);
    const OperationTrace operations(trace);
    const Kernels kernels;
    kernels.linear(at::zeros({5, 3}), {at::zeros({7, 3}), {}});
    kernels.convolution_add(map({1, 3, 4, 4}), {at::zeros({5, 3, 3, 3}), {}, 1, 1}, map({1, 5, 4, 4}));
    {
      const TimedOperation around("add_layer_norm", 11);
      kernels.layer_norm(at::zeros({5, 3}), {at::zeros({3}), at::zeros({3})});
    }
    return host_.spans();
  }
  TraceHost host_;
};

TEST_F(OperationsOfKernels, AreToldOnceEachWithTheirWork) {
  const auto spans = heard(DA3_TRACE_OPERATION);
  ASSERT_EQ(spans.size(), 3u) << "a norm within another operation is that one's";
  EXPECT_EQ(spans[0].kind, "linear float32");
  EXPECT_EQ(spans[0].flops, 2u * 5 * 3 * 7);
  EXPECT_EQ(spans[1].kind, "convolution float32");
  EXPECT_EQ(spans[1].flops, 2u * 80 * 27);
  EXPECT_EQ(spans[1].bytes, 4u * (48 + 2 * 80 + 135));
  EXPECT_EQ(spans[2].kind, "add_layer_norm");
  EXPECT_EQ(spans[2].bytes, 11u);
  EXPECT_EQ(spans[2].flops, UINT64_MAX) << "not known";
}

TEST_F(OperationsOfKernels, AreNotTimedWhereNobodyAsks) {
  EXPECT_THAT(heard(DA3_TRACE_STAGE | DA3_TRACE_LAYER), IsEmpty());
  EXPECT_EQ(host_.readings, 0u);
}

TEST_F(OperationsOfKernels, EndWithTheirTrace) {
  heard(DA3_TRACE_OPERATION);
  Kernels().linear(at::zeros({5, 3}), {at::zeros({7, 3}), {}});
  EXPECT_THAT(host_.spans(), IsEmpty());
}

}  // namespace
}  // namespace da3::net
