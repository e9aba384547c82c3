// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/winograd_logits.hpp"

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "simd/every_target.hpp"
#include "simd/upsample_reference.hpp"

namespace da3::cpu::simd {
namespace {

using test::normal_numbers;
using test::on_every_target;

/// The end of a head, and the map that it begins with.
struct End {
  int64_t views, from_height, from_width, height, width, in, hidden, out;
  bool grid = true;
  std::vector<float> from = normal_numbers(size(views * from_height * from_width * in), 1);
  std::vector<float> columns = normal_numbers(size(width * in / 2), 2),
                     rows = normal_numbers(size(height * in / 2), 3);
  std::vector<float> filters =
      normal_numbers(size(9 * in * hidden), 4, 1 / std::sqrt(9 * static_cast<float>(in)));
  std::vector<float> hidden_bias = normal_numbers(size(hidden), 5), bias = normal_numbers(size(out), 6);
  std::vector<float> weight =
      normal_numbers(size(hidden * out), 7, 1 / std::sqrt(static_cast<float>(hidden)));

  static size_t size(int64_t count) { return static_cast<size_t>(count); }
  UpsampledMaps maps() const {
    return {from.data(),
            from_height,
            from_width,
            height,
            width,
            in,
            grid ? columns.data() : nullptr,
            grid ? rows.data() : nullptr};
  }

  /// [out][views][height][width]
  std::vector<double> reference() const {
    std::vector<double> values(size(out * views * height * width)),
        full(size((height + 2) * (width + 2) * in));
    for (int64_t view = 0; view < views; ++view) {
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x)
          for (int64_t c = 0; c < in; ++c)
            full[size(((y + 1) * (width + 2) + x + 1) * in + c)] = test::upsampled(maps(), view, y, x, c);
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x)
          for (int64_t k = 0; k < hidden; ++k) {
            double sum = hidden_bias[size(k)];
            for (int64_t i = 0; i < 9; ++i)
              for (int64_t c = 0; c < in; ++c)
                sum += full[size(((y + i / 3) * (width + 2) + x + i % 3) * in + c)] *
                       double{filters[size((k * 9 + i) * in + c)]};
            for (int64_t o = 0; o < out; ++o)
              values[size(((o * views + view) * height + y) * width + x)] +=
                  std::max(sum, 0.0) * double{weight[size(o * hidden + k)]} +
                  (k == 0 ? double{bias[size(o)]} : 0.0);
          }
    }
    return values;
  }

  /// By calls of as many tiles at a time.
  std::vector<float> run(int64_t at_a_time) const {
    const auto packed = hwy::AllocateAligned<float>(size(kWinogradFrequencies * in * hidden));
    for (int64_t k = 0; k < hidden; k += winograd_panel()) winograd_pack(filters.data(), in, k, packed.get());
    const WinogradLayer layer{in, hidden, packed.get(), hidden_bias.data()};
    const LogitsLayer linear{out, weight.data(), bias.data()};
    const auto scratch = hwy::AllocateAligned<float>(winograd_logits_scratch(layer));
    std::fill_n(scratch.get(), winograd_logits_scratch(layer), std::numeric_limits<float>::quiet_NaN());
    std::vector<float> result(size(out * views * height * width), -7.0f);
    const int64_t tiles = winograd_tiles(width);
    for (int64_t row = 0; row < views * winograd_tiles(height); ++row)
      for (int64_t first = 0; first < tiles; first += at_a_time)
        winograd_logits(maps(), views, layer, linear, row, first, std::min(at_a_time, tiles - first),
                        result.data(), scratch.get());
    return result;
  }
  std::vector<float> run() const { return run(winograd_strip_tiles(in)); }
};

TEST(WinogradLogitsKernel, IsThatOfDoubles) {
  for (End end : {End{1, 1, 1, 1, 1, 32, 32, 1},
                  {1, 3, 2, 5, 3, 64, 32, 2},
                  {3, 4, 5, 7, 18, 32, 64, 3},
                  {1, 2, 60, 4, 215, 64, 32, 2},
                  {1, 3, 3, 6, 6, 256, 32, 2}})
    for (const bool grid : {false, true}) {
      end.grid = grid;
      const std::vector<double> want = end.reference();
      on_every_target([&] {
        const std::vector<float> got = end.run();
        for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 2e-5) << i;
      });
    }
}

TEST(WinogradLogitsKernel, GivesATileTheSameBitsWhateverIsBesideIt) {
  const End end{2, 4, 20, 9, 75, 64, 32, 2};
  on_every_target([&] {
    const std::vector<float> whole = end.run();
    for (const int64_t at_a_time : {1, 2, 5, 6, 7}) EXPECT_EQ(whole, end.run(at_a_time)) << at_a_time;
  });
}

}  // namespace
}  // namespace da3::cpu::simd
