// SPDX-License-Identifier: Apache-2.0
// A model that cannot do what is asked says which models can.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <da3/error.hpp>

#include "support/abi_client.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kWithPoses = "da3-small, da3-base, da3-large, da3-giant, da3nested-giant-large";

struct Refusal {
  int32_t code = DA3_OK, kind = 0;
  std::string message;
};

Refusal ask_for(const char* checkpoint, const std::vector<std::string>& outputs,
                const test::Options& options = {}, const test::AbiModel::Cameras& cameras = {}) {
  test::AbiModel model(test::open_plugin("cpu"), {}, test::checkpoint_folder(checkpoint).string());
  const std::vector<uint8_t> pixels(28 * 28 * 3);
  try {
    model.run(pixels.data(), {1, 1, 28, 28, 3}, outputs, options, cameras);
  } catch (const Error& error) {
    return {error.code(), error.kind(), error.message()};
  }
  return {};
}

void expect_named(const Refusal& refusal, int32_t kind, const char* models) {
  EXPECT_EQ(refusal.code, DA3_E_UNSUPPORTED) << refusal.message;
  EXPECT_EQ(refusal.kind, kind) << refusal.message;
  EXPECT_THAT(refusal.message, HasSubstr(models));
}

TEST(Capabilities, AMonoModelMakesNoPoses) {
  expect_named(ask_for("tiny-mono", {"extrinsics"}), 3, kWithPoses);
  expect_named(ask_for("tiny-mono", {"depth", "intrinsics"}), 3, kWithPoses);
}

TEST(Capabilities, AMonoModelTakesNoPoses) {
  const test::AbiModel::Cameras cameras{{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1},
                                        {20, 0, 14, 0, 20, 14, 0, 0, 1}};
  expect_named(ask_for("tiny-mono", {"depth"}, {}, cameras), 2, kWithPoses);
}

TEST(Capabilities, AMonoModelHasNoRaysToTakePosesFrom) {
  expect_named(ask_for("tiny-mono", {"depth"}, {{"use_ray_pose", "true"}}), 1, kWithPoses);
}

TEST(Capabilities, OnlyTheGiantsMakeGaussians) {
  const Refusal refusal = ask_for("tiny", {"gaussians.means"});
  expect_named(refusal, 3, "use one that does: da3-giant, da3nested-giant-large");
  EXPECT_THAT(refusal.message, Not(HasSubstr("da3-large")));
}

TEST(Capabilities, OnlyNestedModelsHaveAScaleFactor) {
  expect_named(ask_for("tiny", {"scale_factor"}), 3, "use one that does: da3nested-giant-large");
}

TEST(Capabilities, OnlySingleViewAndNestedModelsSeeTheSky) {
  expect_named(ask_for("tiny", {"sky"}), 3, "da3mono-large, da3metric-large, da3nested-giant-large");
}

}  // namespace
}  // namespace da3
