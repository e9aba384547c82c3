// SPDX-License-Identifier: Apache-2.0
// --use-ray-pose and --seed, against upstream's poses (tiny-raypose).
#include <numbers>

#include "cpu_fixture.hpp"

namespace da3::test {
namespace {

class RayPose : public CpuHostTest {
 protected:
  RayPose() { write_views(golden_); }

  std::vector<float> extrinsics(const std::string& output, Words more) const {
    more.insert(more.end(), {"-o", output});
    const auto result = cpu(words_for(golden_), more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return values(output, "extrinsics");
  }

  /// 2 degrees and 2 %: tests/data/golden/README.md.
  void expect_upstreams(const std::vector<float>& poses) const {
    const auto want = golden_.floats("output.extrinsics");
    ASSERT_EQ(poses.size(), want.size());
    for (size_t view = 0; view < want.size(); view += 12) {
      double trace = 0, off = 0, length = 0;
      for (size_t i = view; i < view + 12; ++i) {
        const double w = want[i], p = poses[i];
        if (i % 4 == 3)
          off += (p - w) * (p - w), length += w * w;
        else
          trace += p * w;
      }
      EXPECT_GT((trace - 1) / 2, std::cos(2 * std::numbers::pi / 180)) << "view " << view / 12;
      EXPECT_LE(std::sqrt(off), 0.02 * std::sqrt(length)) << "view " << view / 12;
    }
  }

  GoldenCase golden_{"tiny-raypose"};
};

TEST_F(RayPose, IsUpstreamsTheSameBitsEachTimeAndAnotherWithAnotherSeed) {
  const auto first = extrinsics("first", {"--use-ray-pose"});
  expect_upstreams(first);
  const auto want_k = golden_.floats("output.intrinsics"), got_k = values("first", "intrinsics");
  ASSERT_EQ(got_k.size(), want_k.size());
  for (size_t i = 0; i < want_k.size(); ++i)
    EXPECT_NEAR(got_k[i], want_k[i], 0.02 * std::abs(want_k[i]) + 1e-6) << i;
  expect_dense(values("first", "depth"), golden_.floats("output.depth"), "depth does not depend on it");
  EXPECT_EQ(extrinsics("second", {"--use-ray-pose", "--seed", "0"}), first);
  EXPECT_GT(deviation(extrinsics("other", {"--use-ray-pose", "--seed", "1"}), first).largest, 1e-3);
}

TEST_F(RayPose, TheLastSwitchCounts) {
  const auto decoded = extrinsics("decoded", {}), rays = extrinsics("rays", {"--use-ray-pose"});
  EXPECT_GT(deviation(rays, decoded).largest, 1e-2);
  EXPECT_EQ(extrinsics("off", {"--use-ray-pose", "--no-use-ray-pose"}), decoded);
  EXPECT_EQ(extrinsics("on", {"--no-use-ray-pose", "--use-ray-pose"}), rays);
}

}  // namespace
}  // namespace da3::test
