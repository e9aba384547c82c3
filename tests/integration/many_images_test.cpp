// SPDX-License-Identifier: Apache-2.0
// Thousands of images in one run: memory stays what it is for the first ones.
#include "cpu_fixture.hpp"

namespace da3::test {
namespace {

class ManyImages : public CpuHostTest {
 protected:
  /// photos-<count>/ with as many links to one picture of 16 x 16, run independently.
  ProgramResult run(size_t count) const {
    const path folder = in("photos-" + std::to_string(count));
    std::filesystem::create_directories(folder);
    write_image(folder / "0.png", 16, 16, noise(16, 16).data());
    for (size_t i = 1; i < count; ++i)
      std::filesystem::create_hard_link(folder / "0.png", folder / (std::to_string(i) + ".png"));
    return cpu({folder.string(), "--mode", "independent", "--model", checkpoint_folder("tiny").string(),
                "--process-res", "14", "--set", "threads=1", "--format", "pfm", "-q", "-o",
                folder.string() + "-out"});
  }
};

TEST_F(ManyImages, MemoryIsFlat) {
  const auto few = run(1000), many = run(10000);
  ASSERT_EQ(few.exit_code, 0) << few.err;
  ASSERT_EQ(many.exit_code, 0) << many.err;
  const auto report = json_of("photos-10000-out/run.json");
  EXPECT_EQ(report["scenes"].size(), 10000u);
  EXPECT_EQ(report["scenes"][9999]["name"], "9999");
  // What is left is a list of what was done: a few lines of run.json and of the table for each.
  constexpr uint64_t for_each = 6 * 1024;
  EXPECT_LT(many.peak_memory, few.peak_memory + 9000 * for_each)
      << few.peak_memory << " bytes with 1000 images, " << many.peak_memory << " with 10000";
}

}  // namespace
}  // namespace da3::test
