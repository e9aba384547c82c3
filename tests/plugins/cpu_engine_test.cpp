// SPDX-License-Identifier: Apache-2.0
// libda3_cpu with an engine that computes nothing: what the thin plugin forwards, checks and keeps.
#include <gmock/gmock.h>

#include <filesystem>
#include <map>

#include "plugins/plugin_fixture.hpp"

namespace {

using namespace da3::test;
using testing::HasSubstr;

/// The plugin looks for its engine beside the path that the host tells.
class CpuPluginWithEngine : public CpuPlugin {
 protected:
  void SetUp() override {
    host.table.library_path = path.c_str();
    CpuPlugin::SetUp();
  }
  std::string path = DA3_BINARY_DIR "/tests/fakes/good/libda3_cpu.so";
};

bool mapped(const char* name) {
  void* library = dlopen(name, RTLD_NOW | RTLD_NOLOAD);
  if (library) dlclose(library);
  return library != nullptr;
}

TEST_F(CpuPluginWithEngine, OpensItAtTheFirstModelAndNeverUnloadsIt) {
  const std::string engine = DA3_BINARY_DIR "/tests/fakes/good/libda3_cpu_engine.so";
  ErrorText error;
  da3_optimizer* optimizer = nullptr;
  ASSERT_EQ(create({}, &optimizer, error), DA3_OK) << error.text;
  da3_model* model = reinterpret_cast<da3_model*>(1);
  const bool opened_before = mapped(engine.c_str());  // by another case, when all run in one process
  EXPECT_EQ(plugin->model_load(optimizer, "bad", nullptr, &model, error), DA3_E_MODEL);
  EXPECT_THAT(error.text, HasSubstr("only 'good'"));
  EXPECT_EQ(error.error.index, 3);
  EXPECT_EQ(model, nullptr);
  EXPECT_TRUE(mapped(engine.c_str()));
  if (!opened_before) {
    EXPECT_THAT(host.lines, testing::Contains(testing::Pair(1, HasSubstr("opened engine"))));
  }
  ASSERT_EQ(plugin->model_load(optimizer, "good", nullptr, &model, error), DA3_OK) << error.text;
  plugin->model_destroy(model);
  plugin->optimizer_destroy(optimizer);
  plugin->shutdown();
  plugin = nullptr;
  EXPECT_TRUE(mapped(engine.c_str())) << "LibTorch does not survive being unloaded";
  EXPECT_TRUE(mapped(cpu_plugin.c_str()));
}

TEST_F(CpuPluginWithEngine, ThePluginStaysMappedWhenAHostClosesIt) {
  void* library = dlopen(cpu_plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
  for (int i = 0; i < 50; ++i) dlclose(library);
  EXPECT_TRUE(mapped(cpu_plugin.c_str())) << "closed often enough to be gone, were it not marked";
}

TEST_F(CpuPluginWithEngine, TheEnginesWordReplacesThePolicys) {
  ErrorText error;
  da3_optimizer* optimizer = nullptr;
  ASSERT_EQ(create({{"interop_threads", "3"}}, &optimizer, error), DA3_OK);
  da3_model* model = nullptr;
  ASSERT_EQ(plugin->model_load(optimizer, "good", nullptr, &model, error), DA3_OK) << error.text;
  const Settings all = describe(optimizer);
  const std::map<std::string, std::string> values(all.begin(), all.end());
  EXPECT_EQ(values.size(), all.size()) << "no key twice";
  EXPECT_EQ(values.at("interop_threads"), "3");
  EXPECT_EQ(values.at("effective.interop_threads"), "1");
  EXPECT_EQ(values.at("effective.attention"), "fake");
  plugin->model_destroy(model);
  plugin->optimizer_destroy(optimizer);
}

TEST_F(CpuPluginWithEngine, RunOptionsAreCheckedBeforeTheEngineSeesThem) {
  ErrorText error;
  da3_optimizer* optimizer = nullptr;
  da3_model* model = nullptr;
  da3_session* session = nullptr;
  ASSERT_EQ(create({}, &optimizer, error), DA3_OK);
  ASSERT_EQ(plugin->model_load(optimizer, "good", nullptr, &model, error), DA3_OK) << error.text;
  ASSERT_EQ(plugin->session_create(model, &session, error), DA3_OK) << error.text;
  const auto run = [&](const Settings& settings) {
    const KvList list(settings, "cli");
    da3_run r{};
    r.struct_size = sizeof r;
    r.opts = list.list.data();
    r.n_opts = list.size();
    return plugin->session_run(session, &r, error);
  };
  EXPECT_EQ(run({{"ref_view_strategy", "middle"}, {"use_ray_pose", "true"}, {"seed", "7"}}), DA3_OK)
      << error.text;
  EXPECT_EQ(run({{"seed", "7"}, {"sead", "7"}}), DA3_E_UNKNOWN_KEY);
  EXPECT_EQ(error.error.index, 1);
  EXPECT_THAT(error.text, HasSubstr("did you mean 'seed'"));
  EXPECT_EQ(run({{"ref_view_strategy", "best"}}), DA3_E_BAD_VALUE);
  EXPECT_THAT(error.text, HasSubstr("saddle_balanced"));
  EXPECT_EQ(run({{"seed", "7"}, {"seed", "7"}}), DA3_E_BAD_VALUE);
  EXPECT_EQ(run({{"threads", "2"}}), DA3_E_UNKNOWN_KEY);
  EXPECT_THAT(error.text, HasSubstr("belongs to the optimizer"));
  da3_run small{};
  small.struct_size = 16;
  EXPECT_EQ(plugin->session_run(session, &small, error), DA3_E_ABI);
  EXPECT_EQ(plugin->session_run(session, nullptr, error), DA3_E_INVALID);
  plugin->session_destroy(session);
  plugin->model_destroy(model);
  plugin->optimizer_destroy(optimizer);
}

}  // namespace
