// SPDX-License-Identifier: Apache-2.0
// da3-host on the CPU engine, with the views of golden cases as image files.
#pragma once

#include <cmath>

#include "host_fixture.hpp"
#include "image_files.hpp"
#include "npz_reader.hpp"
#include "support/golden_case.hpp"

namespace da3::test {

/// Every entry, within an absolute tolerance.
inline void expect_near(const std::vector<float>& got, const std::vector<float>& want, double tolerance,
                        const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], tolerance) << what << ", entry " << i;
}

/// Values in which a test's factor would show, within 1e-3 of their mean everywhere and 1e-4 on average.
inline void expect_dense(const std::vector<float>& got, const std::vector<float>& want,
                         const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  const Deviation off = deviation(got, want);
  EXPECT_LT(off.largest, 1e-3) << what;
  EXPECT_LT(off.mean, 1e-4) << what;
}

inline std::vector<float> times(std::vector<float> values, double factor) {
  for (float& value : values) value = static_cast<float>(value * factor);
  return values;
}

/// Entries [first, first + count) of the leading dimension.
inline std::vector<float> part(const std::vector<float>& all, size_t each, size_t first, size_t count = 1) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first * each);
  return {begin, begin + static_cast<std::ptrdiff_t>(count * each)};
}

class CpuHostTest : public HostTest {
 protected:
  ProgramResult cpu(Words words, const Words& more = {}) const {
    words.insert(words.end(), {"--backend", "cpu"});
    words.insert(words.end(), more.begin(), more.end());
    return host(words, {.environment = {"DA3_PLUGIN_PATH="}});
  }

  /// The case's views as <folder>/0.png, 1.png, ...
  void write_views(const GoldenCase& golden, const path& folder = "views") const {
    const auto& image = golden.at("input.image");
    const int height = static_cast<int>(image.shape[1]), width = static_cast<int>(image.shape[2]);
    std::filesystem::create_directories(in(folder));
    const auto* pixels = reinterpret_cast<const uint8_t*>(image.data);
    for (int64_t view = 0; view < image.shape[0]; ++view)
      write_image(in(folder) / (std::to_string(view) + ".png"), height, width,
                  pixels + view * height * width * 3);
  }

  /// Words for a run of views/ at their own size, which is one of multiples of 14.
  static Words words_for(const GoldenCase& golden) {
    const auto& shape = golden.at("input.image").shape;
    return {"views",
            "--model",
            checkpoint_folder(golden.checkpoint).string(),
            "--process-res",
            std::to_string(std::max(shape[1], shape[2])),
            "--format",
            "npz",
            "-q"};
  }

  NpzArray results(const path& output, const std::string& key) const {
    return read_npz(in(output) / "exports/npz/results.npz", key);
  }
  std::vector<float> values(const path& output, const std::string& key) const {
    return results(output, key).values;
  }
};

}  // namespace da3::test
