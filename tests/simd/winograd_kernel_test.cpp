// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/winograd.hpp"

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "simd/every_target.hpp"

namespace da3::cpu::simd {
namespace {

using test::normal_numbers;
using test::on_every_target;

/// A convolution and the images it is made of.
struct Case {
  int64_t views, height, width, in, out;
  bool relu_before = false, relu_after = false, with_bias = true, with_residual = false;
  std::vector<float> maps = normal_numbers(count(in), 1), residual = normal_numbers(count(out), 2);
  std::vector<float> weight =
      normal_numbers(static_cast<size_t>(9 * in * out), 3, 1 / std::sqrt(9 * static_cast<float>(in)));
  std::vector<float> bias = normal_numbers(static_cast<size_t>(out), 4);

  size_t count(int64_t channels) const { return static_cast<size_t>(views * height * width * channels); }

  double sum(int64_t view, int64_t y, int64_t x, int64_t k) const {
    double sum = with_bias ? bias[static_cast<size_t>(k)] : 0.0;
    for (int64_t dy = -1; dy <= 1; ++dy)
      for (int64_t dx = -1; dx <= 1; ++dx) {
        if (y + dy < 0 || y + dy >= height || x + dx < 0 || x + dx >= width) continue;
        const float* pixel = maps.data() + ((view * height + y + dy) * width + x + dx) * in;
        const float* filter = weight.data() + (k * 9 + (dy + 1) * 3 + dx + 1) * in;
        for (int64_t c = 0; c < in; ++c)
          sum += double{relu_before ? std::max(pixel[c], 0.0f) : pixel[c]} * double{filter[c]};
      }
    return sum;
  }

  std::vector<double> reference() const {
    std::vector<double> values;
    for (int64_t view = 0; view < views; ++view)
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x)
          for (int64_t k = 0; k < out; ++k) {
            const double value = sum(view, y, x, k);
            values.push_back((relu_after ? std::max(value, 0.0) : value) +
                             (with_residual ? double{residual[values.size()]} : 0.0));
          }
    return values;
  }

  /// By calls of as many tiles at a time.
  std::vector<float> run(int64_t at_a_time) const {
    const auto packed = hwy::AllocateAligned<float>(static_cast<size_t>(kWinogradFrequencies * in * out));
    for (int64_t k = 0; k < out; k += winograd_panel()) winograd_pack(weight.data(), in, k, packed.get());
    const auto scratch = hwy::AllocateAligned<float>(winograd_scratch(in));
    // What scratch memory held before must not matter.
    std::fill_n(scratch.get(), winograd_scratch(in), std::numeric_limits<float>::quiet_NaN());
    std::vector<float> result(count(out), -7.0f);
    const WinogradLayer layer{in, out, packed.get(), with_bias ? bias.data() : nullptr};
    const WinogradMaps images{maps.data(),
                              result.data(),
                              height,
                              width,
                              relu_before,
                              relu_after,
                              with_residual ? residual.data() : nullptr};
    const int64_t tiles = views * winograd_tiles(height) * winograd_tiles(width);
    for (int64_t first = 0; first < tiles; first += at_a_time)
      winograd(layer, images, first, std::min(at_a_time, tiles - first), scratch.get());
    return result;
  }
  std::vector<float> run() const { return run(winograd_tiles_at_a_time(in)); }
};

void expect_near(const Case& c) {
  const std::vector<double> want = c.reference();
  on_every_target([&] {
    const std::vector<float> got = c.run();
    // Of results of about 1. Sums one after the other err the more the longer they are.
    const double longer = std::max(1.0, static_cast<double>(c.in) / 256);
    for (size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], want[i], 8e-6 * longer * std::max(1.0, std::abs(want[i]))) << i;
  });
}

TEST(WinogradKernel, IsThatOfDoubles) {
  for (const auto& [views, height, width] :
       {std::tuple{1, 1, 1}, {1, 4, 4}, {1, 5, 3}, {3, 1, 9}, {2, 13, 1}, {2, 7, 18}, {1, 31, 30}})
    expect_near({views, height, width, 64, 32});
}

TEST(WinogradKernel, TakesTheChannelsThatFit) {
  for (const auto& [in, out] : {std::tuple{16, 32}, {48, 64}, {96, 128}, {128, 96}, {256, 32}, {1024, 32}}) {
    ASSERT_TRUE(fit_winograd(in, out));
    expect_near({1, 6, 9, in, out});
  }
  for (const auto& [in, out] : {std::tuple{8, 32}, {24, 32}, {64, 16}, {64, 48}, {2048, 32}, {0, 32}})
    EXPECT_FALSE(fit_winograd(in, out));
}

TEST(WinogradKernel, DoesWhatComesBeforeAndAfter) {
  for (const bool before : {false, true})
    for (const bool after : {false, true})
      for (const bool bias : {false, true})
        for (const bool residual : {false, true})
          expect_near({1, 6, 7, 32, 32, before, after, bias, residual});
}

TEST(WinogradKernel, GivesATileTheSameBitsWhateverIsBesideIt) {
  const Case three{3, 11, 22, 64, 64, true, true, true, true};
  Case last = three;
  last.views = 1;
  last.maps.erase(last.maps.begin(), last.maps.end() - static_cast<std::ptrdiff_t>(last.count(64)));
  last.residual = {three.residual.end() - static_cast<std::ptrdiff_t>(last.count(64)), three.residual.end()};
  on_every_target([&] {
    const std::vector<float> whole = three.run();
    for (const int64_t at_a_time : {1, 2, 5, 6, 7, 18}) EXPECT_EQ(whole, three.run(at_a_time)) << at_a_time;
    const std::vector<float> alone = last.run();
    EXPECT_TRUE(
        std::equal(alone.begin(), alone.end(), whole.end() - static_cast<std::ptrdiff_t>(alone.size())));
  });
}

TEST(WinogradKernel, NeverHidesNaN) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Case c{1, 12, 12, 32, 32, true, true};
    c.maps[(5 * 12 + 5) * 32 + 3] = bad;
    on_every_target([&] {
      const std::vector<float> got = c.run();
      for (int64_t y = 0; y < 12; ++y)
        for (int64_t x = 0; x < 12; ++x) {
          const bool reached = std::abs(y - 5) <= 1 && std::abs(x - 5) <= 1,
                     same_tile = y / 4 == 1 && x / 4 == 1;
          for (int64_t k = 0; k < 32; ++k) {
            const float value = got[static_cast<size_t>((y * 12 + x) * 32 + k)];
            if (reached) {
              ASSERT_FALSE(std::isfinite(value) && value != 0.0f) << y << ' ' << x;
            } else if (!same_tile) {
              ASSERT_TRUE(std::isfinite(value)) << y << ' ' << x;
            }
          }
        }
    });
  }
}

}  // namespace
}  // namespace da3::cpu::simd
