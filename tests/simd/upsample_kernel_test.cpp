// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/upsample.hpp"

#include <algorithm>

#include "simd/every_target.hpp"
#include "simd/upsample_reference.hpp"

namespace da3::cpu::simd {
namespace {

using test::normal_numbers;
using test::on_every_target;

struct Sizes {
  int64_t views, from_height, from_width, height, width, channels;
  size_t count() const { return static_cast<size_t>(views * height * width * channels); }
};

/// grid, add: as upsample's; two rows at a time.
void expect_near(const Sizes& s, bool grid, bool add) {
  const auto from =
      normal_numbers(static_cast<size_t>(s.views * s.from_height * s.from_width * s.channels), 1);
  const auto columns = normal_numbers(static_cast<size_t>(s.width * s.channels / 2), 2),
             rows = normal_numbers(static_cast<size_t>(s.height * s.channels / 2), 3),
             before = normal_numbers(s.count(), 4);
  const UpsampledMaps maps{from.data(),
                           s.from_height,
                           s.from_width,
                           s.height,
                           s.width,
                           s.channels,
                           grid ? columns.data() : nullptr,
                           grid ? rows.data() : nullptr};
  on_every_target([&] {
    std::vector<float> got = before;
    for (int64_t row = 0; row < s.views * s.height; row += 2)
      upsample(maps, row, std::min<int64_t>(2, s.views * s.height - row), add, got.data());
    size_t i = 0;
    for (int64_t view = 0; view < s.views; ++view)
      for (int64_t y = 0; y < s.height; ++y)
        for (int64_t x = 0; x < s.width; ++x)
          for (int64_t c = 0; c < s.channels; ++c, ++i) {
            // Places in float32 are off by some of their last digits, and neighbours differ by about 1.
            const double want = test::upsampled(maps, view, y, x, c) + (add ? double{before[i]} : 0.0);
            ASSERT_NEAR(got[i], want, 1e-5) << view << ' ' << y << ' ' << x << ' ' << c;
          }
  });
}

TEST(UpsampleKernel, IsThatOfDoubles) {
  for (const Sizes& sizes : {Sizes{1, 1, 1, 1, 1, 16},
                             {2, 1, 1, 5, 3, 32},
                             {1, 4, 5, 1, 1, 32},
                             {3, 4, 5, 7, 10, 48},
                             {1, 6, 6, 6, 6, 32},
                             {1, 9, 7, 4, 5, 32},
                             {2, 8, 8, 15, 14, 96}})
    for (const bool add : {false, true}) {
      expect_near(sizes, false, add);
      if (sizes.channels % (2 * kUpsampleStep) == 0) expect_near(sizes, true, add);
    }
}

}  // namespace
}  // namespace da3::cpu::simd
