// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/winograd_upsampled.hpp"

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "simd/every_target.hpp"

namespace da3::cpu::simd {
namespace {

using test::normal_numbers;
using test::on_every_target;

/// A convolution, and the smaller map that its input is made of.
struct Case {
  int64_t views, from_height, from_width, height, width, in, out;
  bool with_bias = true;
  std::vector<float> from = normal_numbers(size(views * from_height * from_width * in), 1);
  std::vector<float> weight =
      normal_numbers(size(9 * in * out), 2, 1 / std::sqrt(9 * static_cast<float>(in)));
  std::vector<float> bias = normal_numbers(size(out), 3);

  static size_t size(int64_t count) { return static_cast<size_t>(count); }
  UpsampledMaps maps() const {
    return {from.data(), from_height, from_width, height, width, in, nullptr, nullptr};
  }

  /// What both ways need; scratch memory holds what a use before may have left.
  struct Memory {
    hwy::AlignedFreeUniquePtr<float[]> packed, scratch;
    std::vector<float> result;
  };
  Memory memory(size_t scratch) const {
    Memory memory{hwy::AllocateAligned<float>(size(kWinogradFrequencies * in * out)),
                  hwy::AllocateAligned<float>(scratch),
                  std::vector<float>(size(views * height * width * out), -7)};
    for (int64_t k = 0; k < out; k += winograd_panel())
      winograd_pack(weight.data(), in, k, memory.packed.get());
    std::fill_n(memory.scratch.get(), scratch, std::numeric_limits<float>::quiet_NaN());
    return memory;
  }
  WinogradLayer layer(const Memory& memory) const {
    return {in, out, memory.packed.get(), with_bias ? bias.data() : nullptr};
  }

  std::vector<float> by_two_steps() const {
    std::vector<float> larger(size(views * height * width * in));
    upsample(maps(), 0, views * height, false, larger.data());
    Memory m = memory(winograd_scratch(in));
    const WinogradMaps images{larger.data(), m.result.data(), height, width, false, false, nullptr};
    const int64_t tiles = views * winograd_tiles(height) * winograd_tiles(width),
                  most = winograd_tiles_at_a_time(in);
    for (int64_t first = 0; first < tiles; first += most)
      winograd(layer(m), images, first, std::min(most, tiles - first), m.scratch.get());
    return std::move(m.result);
  }

  std::vector<float> run(int64_t at_a_time) const {
    Memory m = memory(winograd_upsampled_scratch(in));
    const int64_t tiles = winograd_tiles(width);
    for (int64_t row = 0; row < views * winograd_tiles(height); ++row)
      for (int64_t first = 0; first < tiles; first += at_a_time)
        winograd_upsampled(maps(), layer(m), row, first, std::min(at_a_time, tiles - first), m.result.data(),
                           m.scratch.get());
    return std::move(m.result);
  }
};

TEST(WinogradUpsampledKernel, GivesTheBitsOfTheTwoSteps) {
  for (const Case& c : {Case{1, 1, 1, 1, 1, 32, 32},
                        {2, 3, 2, 5, 3, 64, 32, false},
                        {3, 4, 5, 7, 18, 32, 64},
                        {1, 2, 110, 4, 218, 64, 32},
                        {1, 3, 3, 6, 6, 256, 32}})
    on_every_target([&] {
      const std::vector<float> want = c.by_two_steps();
      EXPECT_EQ(want, c.run(winograd_upsampled_tiles(c.in)));
      for (const int64_t at_a_time : {1, 5, 6}) EXPECT_EQ(want, c.run(at_a_time)) << at_a_time;
    });
}

}  // namespace
}  // namespace da3::cpu::simd
