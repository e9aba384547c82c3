// SPDX-License-Identifier: Apache-2.0
// mixed_precision: auto in mode max, from the first model of a machine on, with a host that has a cache
// folder.
#include <gmock/gmock.h>

#include <filesystem>
#include <map>

#include "hardware/cpu.hpp"
#include "plugins/plugin_fixture.hpp"
#include "support/golden_case.hpp"
#include "support/temporary_folder.hpp"

namespace {

using namespace da3::test;
using testing::AnyOf;
using testing::HasSubstr;

class CpuMeasured : public CpuPlugin {
 protected:
  void SetUp() override {
    path = folder.path().string();
    host.table.cache_dir = [](void*) { return path.c_str(); };
    CpuPlugin::SetUp();
  }

  std::map<std::string, std::string> told(da3_optimizer* optimizer) {
    const Settings all = describe(optimizer);
    return {all.begin(), all.end()};
  }
  bool native() const {
    const auto features = da3::hardware::read_cpu().features;
    return features.count("avx512_bf16") || features.count("amx_bf16") || features.count("bf16");
  }
  size_t files() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
      count += entry.is_regular_file();
    return count;
  }

  TemporaryFolder folder;
  static inline std::string path;
};

TEST_F(CpuMeasured, ChoosesBeforeTheFirstModelAndKeepsIt) {
  if (!native()) GTEST_SKIP() << "this CPU has no bfloat16";
  const Settings settings{{"performance_mode", "max"}, {"canary", "off"}};
  ErrorText error;
  da3_optimizer *first = nullptr, *second = nullptr, *exact = nullptr;
  ASSERT_EQ(create(settings, &first, error), DA3_OK) << error.text;
  EXPECT_THAT(told(first).at("effective.precision.reason"), HasSubstr("before the first model"));
  EXPECT_EQ(files(), 0u);
  da3_model* model = nullptr;
  ASSERT_EQ(plugin->model_load(first, checkpoint_folder("tiny").c_str(), nullptr, &model, error), DA3_OK)
      << error.text;
  const auto chosen = told(first);
  EXPECT_THAT(chosen.at("effective.precision"), AnyOf("float32", "bfloat16"));
  EXPECT_THAT(chosen.at("effective.precision.reason"), HasSubstr("times as fast here"));
  EXPECT_EQ(files(), 1u);

  ASSERT_EQ(create(settings, &second, error), DA3_OK) << error.text;
  EXPECT_EQ(told(second).at("effective.precision"), chosen.at("effective.precision"));
  EXPECT_EQ(told(second).at("effective.precision.reason"), chosen.at("effective.precision.reason"));

  ASSERT_EQ(create({{"performance_mode", "max"}, {"deterministic", "true"}}, &exact, error), DA3_OK);
  EXPECT_EQ(told(exact).at("effective.precision"), "float32");
  plugin->model_destroy(model);
  for (da3_optimizer* optimizer : {first, second, exact}) plugin->optimizer_destroy(optimizer);
}

TEST_F(CpuMeasured, OtherModesMeasureNothing) {
  ErrorText error;
  da3_optimizer* optimizer = nullptr;
  ASSERT_EQ(create({{"canary", "off"}}, &optimizer, error), DA3_OK) << error.text;
  da3_model* model = nullptr;
  ASSERT_EQ(plugin->model_load(optimizer, checkpoint_folder("tiny").c_str(), nullptr, &model, error), DA3_OK)
      << error.text;
  EXPECT_EQ(told(optimizer).at("effective.precision"), "float32");
  EXPECT_EQ(files(), 0u);
  plugin->model_destroy(model);
  plugin->optimizer_destroy(optimizer);
}

}  // namespace
