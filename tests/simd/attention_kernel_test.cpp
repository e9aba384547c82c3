// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/attention.hpp"

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "simd/every_target.hpp"

namespace da3::cpu::simd {
namespace {

using test::converted;
using test::normal_numbers;
using test::on_every_target;

/// One head of q, k, v, in rows that are further apart than its channels.
struct Head {
  int64_t queries, keys, channels, stride;
  std::vector<float> q, k, v;

  Head(int64_t queries_, int64_t keys_, int64_t channels_, float deviation = 1.0f)
      : queries(queries_), keys(keys_), channels(channels_), stride(3 * channels_ + 4) {
    q = normal_numbers(static_cast<size_t>(queries * stride), 1, deviation);
    k = normal_numbers(static_cast<size_t>(keys * stride), 2, deviation);
    v = normal_numbers(static_cast<size_t>(keys * stride), 3);
  }

  std::vector<double> reference() const {
    std::vector<double> out(static_cast<size_t>(queries * channels));
    std::vector<double> scores(static_cast<size_t>(keys));
    for (int64_t i = 0; i < queries; ++i) {
      for (int64_t j = 0; j < keys; ++j) {
        double sum = 0;
        for (int64_t c = 0; c < channels; ++c) sum += double{at(q, i, c)} * double{at(k, j, c)};
        scores[static_cast<size_t>(j)] = sum / std::sqrt(static_cast<double>(channels));
      }
      const double largest = *std::max_element(scores.begin(), scores.end());
      double total = 0;
      for (double& s : scores) total += s = std::exp(s - largest);
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t j = 0; j < keys; ++j)
          out[static_cast<size_t>(i * channels + c)] +=
              scores[static_cast<size_t>(j)] / total * double{at(v, j, c)};
    }
    return out;
  }

  /// By calls of as many queries at a time; T: what is multiplied, of rows of Row: float, or bfloat16 of
  /// numbers that it holds.
  template <class T = float, class Row = T>
  std::vector<float> run(int64_t at_a_time = kQueriesAtATime) const {
    const auto scratch = hwy::AllocateAligned<char>(attention_scratch());
    const auto elements = static_cast<size_t>(packed_elements(keys));
    const auto packed_keys = hwy::AllocateAligned<T>(elements),
               packed_values = hwy::AllocateAligned<T>(elements);
    const PackedHead<T> packed{packed_keys.get(), packed_values.get()};
    const std::vector<Row> q_rows = converted<Row>(q), k_rows = converted<Row>(k), v_rows = converted<Row>(v);
    std::vector<Row> out(static_cast<size_t>(queries * channels));
    for (int64_t first = 0; first < keys; first += 2 * kPanel)
      pack_head(HeadRows<const Row>{k_rows.data(), stride, channels},
                HeadRows<const Row>{v_rows.data(), stride, channels}, first,
                std::min(2 * kPanel, keys - first), RowSteps{}, packed, scratch.get());
    for (int64_t first = 0; first < queries; first += at_a_time)
      attention(HeadRows<const Row>{q_rows.data(), stride, channels}, first,
                std::min(at_a_time, queries - first), RowSteps{}, packed, keys,
                HeadRows<Row>{out.data(), channels, channels}, scratch.get());
    return converted<float>(out);
  }

 private:
  float at(const std::vector<float>& x, int64_t row, int64_t c) const {
    return x[static_cast<size_t>(row * stride + c)];
  }
};

void expect_near(const Head& head, double tolerance) {
  const std::vector<double> want = head.reference();
  on_every_target([&] {
    const std::vector<float> got = head.run();
    for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], tolerance) << i;
  });
}

TEST(AttentionKernel, IsThatOfDoubles) {
  for (const auto& [queries, keys, channels] : {std::tuple{1, 1, 64},
                                                {1, 7, 64},
                                                {49, 1, 64},
                                                {48, 64, 64},
                                                {130, 65, 64},
                                                {385, 193, 64},
                                                {37, 131, 32},
                                                {25, 70, 8},
                                                {13, 70, 40}})
    expect_near(Head(queries, keys, channels), 2e-6);
}

TEST(AttentionKernel, HoldsSharpSoftmaxes) { expect_near(Head(50, 300, 64, 4.0f), 4e-5); }

TEST(AttentionKernel, GivesAQueryTheSameBitsWhateverIsBesideIt) {
  const Head head(200, 90, 64);
  on_every_target([&] {
    const std::vector<float> whole = head.run();
    EXPECT_EQ(whole, head.run(24));
    EXPECT_EQ(whole, head.run(1));
  });
}

TEST(AttentionKernel, NeverHidesNaN) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(),
                  infinity = std::numeric_limits<float>::infinity();
  constexpr int64_t bad = 70;
  for (const float value : {nan, infinity, -infinity}) {
    Head query(100, 150, 64), key(100, 150, 64), values(100, 150, 64);
    query.q[bad * query.stride + 5] = value;
    key.k[bad * key.stride + 5] = nan;
    values.v[bad * values.stride + 5] = value;
    on_every_target([&] {
      const auto by_query = query.run(), by_key = key.run(), by_value = values.run();
      for (size_t i = 0; i < by_query.size(); ++i) {
        ASSERT_EQ(std::isnan(by_query[i]), i / 64 == bad) << i;
        ASSERT_TRUE(std::isnan(by_key[i])) << i;
        ASSERT_EQ(std::isfinite(by_value[i]), i % 64 != 5) << i;
      }
    });
  }
}

TEST(AttentionKernel, LeavesKeysOfMinusInfinityOutAndIsNaNWithoutAnyOther) {
  Head head(3, 150, 64);
  for (size_t i = 0; i < head.q.size(); ++i) head.q[i] = std::abs(head.q[i]) + 0.1f;
  Head fewer = head;
  constexpr int64_t out = 20;
  for (int64_t i = 0; i < out; ++i)
    head.k[static_cast<size_t>(i * head.stride + 3)] = -std::numeric_limits<float>::infinity();
  fewer.keys -= out;
  fewer.k.erase(fewer.k.begin(), fewer.k.begin() + out * head.stride);
  fewer.v.erase(fewer.v.begin(), fewer.v.begin() + out * head.stride);
  expect_near(fewer, 2e-6);
  const std::vector<double> want = fewer.reference();
  Head none = head;
  none.keys = out;
  on_every_target([&] {
    const std::vector<float> got = head.run();
    for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 2e-6) << i;
    for (const float x : none.run()) EXPECT_TRUE(std::isnan(x));
  });
}

class BFloat16AttentionKernel : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_bfloat16_attention()) GTEST_SKIP() << "this CPU has no AVX512_BF16";
  }
};

/// What of `head` bfloat16 holds.
Head held(Head head) {
  for (auto* x : {&head.q, &head.k, &head.v}) *x = converted<float>(converted<bfloat16>(*x));
  return head;
}

TEST_F(BFloat16AttentionKernel, IsThatOfDoublesButForTheRoundingOfSharesAndResults) {
  for (const auto& [queries, keys, channels] : {std::tuple{1, 1, 64},
                                                {1, 7, 64},
                                                {49, 1, 64},
                                                {130, 65, 64},
                                                {385, 193, 64},
                                                {13, 513, 64},
                                                {37, 131, 32},
                                                {25, 70, 8},
                                                {13, 70, 40}}) {
    const Head head = held(Head(queries, keys, channels));
    const std::vector<double> want = head.reference();
    const std::vector<float> got = head.run<bfloat16>();
    // Queries are rounded once more by 2^-9 when they are scaled, shares and results by as much.
    for (size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], want[i], 0.008 + 0.004 * std::abs(want[i])) << i;
  }
}

/// Between linears in int8 rows are float32.
TEST_F(BFloat16AttentionKernel, RowsOfFloatsGiveTheSameBeforeTheLastRounding) {
  for (const auto& [queries, keys, channels] :
       {std::tuple{1, 1, 64}, {130, 65, 64}, {13, 513, 64}, {25, 70, 8}}) {
    const Head head = held(Head(queries, keys, channels));
    const std::vector<float> of_floats = head.run<bfloat16, float>();
    EXPECT_EQ(converted<float>(converted<bfloat16>(of_floats)), head.run<bfloat16>());
  }
  const Head head(130, 65, 64);  // numbers that bfloat16 does not hold
  const std::vector<double> want = head.reference();
  const std::vector<float> got = head.run<bfloat16, float>();
  double difference = 0, square = 0;
  for (size_t i = 0; i < got.size(); ++i)
    difference += std::pow(double{got[i]} - want[i], 2), square += want[i] * want[i];
  EXPECT_LT(std::sqrt(difference / square), 0.006);
}

TEST_F(BFloat16AttentionKernel, RoundsWithoutABias) {
  const Head head = held(Head(200, 500, 64));
  const std::vector<double> want = head.reference();
  const std::vector<float> got = head.run<bfloat16>();
  double difference = 0, square = 0;
  for (size_t i = 0; i < got.size(); ++i)
    difference += std::pow(double{got[i]} - want[i], 2), square += want[i] * want[i];
  EXPECT_LT(std::sqrt(difference / square), 0.005);
}

TEST_F(BFloat16AttentionKernel, GivesAQueryTheSameBitsWhateverIsBesideIt) {
  const Head head(200, 90, 64);
  const std::vector<float> whole = head.run<bfloat16>();
  EXPECT_EQ(whole, head.run<bfloat16>(24));
  EXPECT_EQ(whole, head.run<bfloat16>(1));
}

TEST_F(BFloat16AttentionKernel, NeverHidesNaN) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr int64_t bad = 70;
  Head query(100, 150, 64), key(100, 150, 64), values(100, 150, 64);
  query.q[bad * query.stride + 5] = nan;
  key.k[bad * key.stride + 5] = nan;
  values.v[bad * values.stride + 5] = std::numeric_limits<float>::infinity();
  const auto by_query = query.run<bfloat16>(), by_key = key.run<bfloat16>(),
             by_value = values.run<bfloat16>();
  for (size_t i = 0; i < by_query.size(); ++i) {
    ASSERT_EQ(std::isnan(by_query[i]), i / 64 == bad) << i;
    ASSERT_TRUE(std::isnan(by_key[i])) << i;
    ASSERT_EQ(std::isfinite(by_value[i]), i % 64 != 5) << i;
  }
}

}  // namespace
}  // namespace da3::cpu::simd
