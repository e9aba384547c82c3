// SPDX-License-Identifier: Apache-2.0
// Int8 linears on each instruction set of this machine, and each kind of products: against sums in 64 bits.
#include <hwy/aligned_allocator.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "cpu/simd/int8_linear.hpp"
#include "cpu/simd/int8_rows.hpp"
#include "simd/every_target.hpp"

namespace da3::cpu::simd {
namespace {

using test::normal_numbers;
using test::on_every_target;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN(),
                kInfinity = std::numeric_limits<float>::infinity();

std::vector<int8_t> numbers(int64_t count, uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> any(-127, 127);
  std::vector<int8_t> values(static_cast<size_t>(count));
  for (int8_t& value : values) value = static_cast<int8_t>(any(generator));
  return values;
}

/// What a row of quantise_int8() says.
struct Row {
  std::vector<int> values;  ///< with their middle
  float step;

  Row(const int8_t* row, int64_t channels) : values(row, row + channels) {
    const int64_t end = int8_row_bytes(channels) - static_cast<int64_t>(sizeof(Int8RowTail));
    for (int64_t c = channels; c < end; ++c) EXPECT_EQ(row[c], 0);
    Int8RowTail tail;
    std::memcpy(&tail, row + end, sizeof tail);
    step = tail.step;
    int32_t want = 0;
    for (int& value : values) {
      EXPECT_LE(std::abs(value), 127);
      want += value;
      value += tail.middle;
    }
    EXPECT_EQ(tail.sum, want);
  }
};

Row quantised(const std::vector<float>& x) {
  std::vector<int8_t> row(static_cast<size_t>(int8_row_bytes(static_cast<int64_t>(x.size()))));
  const auto channels = static_cast<int64_t>(x.size());
  quantise_int8(x.data(), channels, 1, channels, row.data());
  return {row.data(), channels};
}

class Products : public testing::TestWithParam<const Int8Products*> {};

void expect_exact(const Int8Products& products, const std::vector<int8_t>& rows,
                  const std::vector<int8_t>& weights, int64_t in, int64_t out) {
  std::vector<int8_t> packed(static_cast<size_t>(packed_int8_bytes(out, in)));
  pack_int8(weights.data(), out, in, products, packed.data());
  const int64_t stride = (in + 3) / 4 * 4, groups = stride / kInt8Depth;
  for (int64_t count = 1; count <= products.rows; ++count) {
    std::vector<int8_t> padded(static_cast<size_t>(count * stride));
    for (int64_t r = 0; r < count; ++r) std::copy_n(&rows[r * in], in, &padded[r * stride]);
    std::vector<int32_t> sums(kMostInt8Rows * kInt8Columns);
    for (int64_t first = 0; first < out; first += kInt8Columns) {
      products.tile(padded.data(), stride, count,
                    packed.data() + first / kInt8Columns * packed_int8_bytes(1, in), groups, sums.data());
      for (int64_t r = 0; r < count; ++r)
        for (int64_t c = first; c < std::min(out, first + kInt8Columns); ++c) {
          int64_t want = 0;
          for (int64_t k = 0; k < in; ++k)
            want += int64_t{rows[r * in + k]} * (int64_t{weights[c * in + k]} + products.offset);
          ASSERT_EQ(sums[static_cast<size_t>(r * kInt8Columns + c - first)], want) << r << " " << c;
        }
    }
  }
}

TEST_P(Products, AreExact) {
  for (const auto& [in, out] : {std::pair<int64_t, int64_t>{4, 32}, {7, 33}, {96, 64}, {258, 40}, {1, 1}})
    expect_exact(*GetParam(), numbers(in * kMostInt8Rows, 1), numbers(in * out, 2), in, out);
}

TEST_P(Products, OfTheLargestValuesDoNotSaturate) {
  constexpr int64_t in = 4096, out = 32;
  for (const int row : {127, -127})
    for (const int weight : {127, -127})
      expect_exact(*GetParam(), std::vector<int8_t>(in * kMostInt8Rows, static_cast<int8_t>(row)),
                   std::vector<int8_t>(in * out, static_cast<int8_t>(weight)), in, out);
}

/// (sum * (step * step)) + bias is the whole result: what the reference of net/int8.hpp computes, too.
TEST_P(Products, GiveTheSameBitsOnEveryInstructionSet) {
  constexpr int64_t in = 100, out = 70, count = 29, bytes = in + 12;
  const auto x = normal_numbers(in * count, 1), steps = normal_numbers(out, 2), bias = normal_numbers(out, 3);
  const auto weights = numbers(in * out, 4);
  std::vector<int8_t> packed(static_cast<size_t>(packed_int8_bytes(out, in)));
  pack_int8(weights.data(), out, in, *GetParam(), packed.data());
  on_every_target([&] {
    std::vector<int8_t> rows(static_cast<size_t>(bytes * count));
    quantise_int8(x.data(), in, count, in, rows.data());
    for (const bool biased : {false, true}) {
      const Int8Layer layer{GetParam(), packed.data(), steps.data(), biased ? bias.data() : nullptr, in, out};
      std::vector<float> got(out * count), sum(out * count, 1.5f);
      int8_linear(layer, rows.data(), count, 0, layer.panels(), {got.data(), out, false});
      int8_linear(layer, rows.data(), count, 0, 1, {sum.data(), out, true});
      int8_linear(layer, rows.data(), 3, 1, layer.panels() - 1, {sum.data(), out, true});
      int8_linear(layer, rows.data() + 3 * bytes, count - 3, 1, layer.panels() - 1,
                  {sum.data() + 3 * out, out, true});
      for (int64_t r = 0; r < count; ++r) {
        const Row row(rows.data() + r * bytes, in);
        for (int64_t c = 0; c < out; ++c) {
          int32_t exact = 0;
          for (int64_t k = 0; k < in; ++k)
            exact += row.values[static_cast<size_t>(k)] * weights[static_cast<size_t>(c * in + k)];
          volatile float want = static_cast<float>(exact) * (row.step * steps[static_cast<size_t>(c)]);
          if (biased) want = want + bias[static_cast<size_t>(c)];
          ASSERT_EQ(got[static_cast<size_t>(r * out + c)], want) << r << " " << c;
          ASSERT_EQ(sum[static_cast<size_t>(r * out + c)], 1.5f + want) << r << " " << c;
        }
      }
    }
  });
}

TEST_P(Products, AreActivated) {
  constexpr int64_t in = 8, out = 32, count = 3, bytes = in + 12;
  auto x = normal_numbers(in * count, 1);
  x[in] = kNaN;
  const auto weights = numbers(in * out, 2);
  const std::vector<float> steps(out, 0.01f);
  std::vector<int8_t> packed(static_cast<size_t>(packed_int8_bytes(out, in)));
  pack_int8(weights.data(), out, in, *GetParam(), packed.data());
  on_every_target([&] {
    std::vector<int8_t> rows(static_cast<size_t>(bytes * count));
    quantise_int8(x.data(), in, count, in, rows.data());
    std::vector<float> plain(out * count), relu = plain, gelu = plain;
    Int8Layer layer{GetParam(), packed.data(), steps.data(), nullptr, in, out};
    int8_linear(layer, rows.data(), count, 0, 1, {plain.data(), out, false});
    layer.activation = Int8Activation::relu;
    int8_linear(layer, rows.data(), count, 0, 1, {relu.data(), out, false});
    layer.activation = Int8Activation::gelu;
    int8_linear(layer, rows.data(), count, 0, 1, {gelu.data(), out, false});
    for (size_t i = 0; i < plain.size(); ++i) {
      if (i / out == 1) {
        ASSERT_TRUE(std::isnan(plain[i]) && std::isnan(relu[i]) && std::isnan(gelu[i])) << i;
        continue;
      }
      ASSERT_EQ(relu[i], std::max(0.0f, plain[i])) << i;
      const double x_ = plain[i], want = 0.5 * x_ * std::erfc(-x_ / std::sqrt(2.0));
      ASSERT_NEAR(gelu[i], want, 1.5e-7 * std::max(1.0, std::abs(x_))) << x_;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Int8, Products, testing::ValuesIn(int8_products().begin(), int8_products().end()),
                         [](const auto& kind) { return std::string(kind.param->name); });

TEST(Int8Rows, AreToNearest) {
  on_every_target([] {
    for (const size_t zeros : {0u, 3u, 40u}) {
      std::vector<float> x{253.0f, -253.0f, 3.0f, 5.0f, -1.1f, 0.9f, 0.0f};
      x.insert(x.begin(), zeros, 0.0f);
      Row row = quantised(x);
      EXPECT_EQ(row.step, 2.0f);
      row.values.erase(row.values.begin(), row.values.begin() + static_cast<std::ptrdiff_t>(zeros));
      EXPECT_EQ(row.values, (std::vector<int>{126, -126, 2, 2, -1, 0, 0})) << "ties to even";
    }
  });
}

/// Row checks that nothing leaves 8 bits.
TEST(Int8Rows, ReachAsFarAsTheirValues) {
  on_every_target([] {
    for (const size_t zeros : {0u, 40u}) {
      const auto values_of = [&](std::vector<float> x) {
        x.insert(x.end(), zeros, 0.0f);
        Row row = quantised(x);
        row.values.resize(x.size() - zeros);
        return row.values;
      };
      EXPECT_EQ(values_of({506.0f, 4.0f, 9.0f}), (std::vector<int>{253, 2, 4})) << "zero is a value, too";
      EXPECT_EQ(values_of({-506.0f, -4.0f, -9.0f}), (std::vector<int>{-253, -2, -4}));
      EXPECT_EQ(values_of({-101.5f, 151.5f, 1.0f}), (std::vector<int>{-102, 152, 1}))
          << "both ends round away";
      EXPECT_EQ(values_of({3e38f, -3e38f}), (std::vector<int>{126, -126})) << "the range may pass float32's";
    }
  });
}

TEST(Int8Rows, OfZerosVanishingAndInfiniteValues) {
  on_every_target([] {
    for (const float value : {0.0f, -0.0f, 1e-44f}) {
      const Row row = quantised({value, 0.0f, value});
      EXPECT_EQ(row.values, std::vector<int>(3, 0)) << value;
      EXPECT_EQ(row.step, 0.0f) << value;
    }
    for (const float value : {kInfinity, -kInfinity, kNaN, -kNaN})
      for (const size_t place : {0u, 17u, 36u}) {
        std::vector<float> x(37, 1.0f);
        x[place] = value;
        const Row row = quantised(x);
        EXPECT_EQ(row.values, std::vector<int>(37, 1)) << "so that every result is not finite";
        EXPECT_FALSE(std::isfinite(row.step)) << value;
      }
  });
}

TEST(Gelu, IsTheExactOne) {
  std::vector<float> x;
  for (float value = -12.0f; value <= 12.0f; value += 1e-4f) x.push_back(value);
  x.insert(x.end(), {0.0f, -0.0f, 1e-30f, 1e4f, -1e4f, 1e30f});
  on_every_target([&] {
    std::vector<float> got = x;
    gelu_in_place(got.data(), static_cast<int64_t>(got.size()));
    for (size_t i = 0; i < x.size(); ++i) {
      const double want = 0.5 * double{x[i]} * std::erfc(-double{x[i]} / std::sqrt(2.0));
      ASSERT_NEAR(got[i], want, 1.5e-7 * std::max(1.0, std::abs(double{x[i]}))) << x[i];
    }
    float odd[] = {kNaN, kInfinity, -kNaN};
    gelu_in_place(odd, 3);
    EXPECT_TRUE(std::isnan(odd[0]) && odd[1] == kInfinity && std::isnan(odd[2]));
  });
}

}  // namespace
}  // namespace da3::cpu::simd
