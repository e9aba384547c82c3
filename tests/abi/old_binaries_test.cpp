// SPDX-License-Identifier: Apache-2.0
// Binaries of released versions (tests/abi/reference) against today's: the old plugin under today's core, the
// old host with today's plugins. They are for x86-64 Linux; elsewhere there is nothing to run.
#include <dlfcn.h>
#include <gmock/gmock.h>

#include <da3/da3.hpp>

#include <filesystem>

namespace da3 {
namespace {

namespace fs = std::filesystem;
using ::testing::Each;
using ::testing::ElementsAre;

/// reference/VERSION/linux-x86_64 of every version kept.
std::vector<std::string> versions() {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(DA3_REFERENCE))
    if (fs::exists(entry.path() / "linux-x86_64/libda3_null.so")) found.push_back(entry.path().filename());
  std::sort(found.begin(), found.end());
  return found;
}

class OldBinaries : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
#if !defined(__linux__) || !defined(__x86_64__)
    GTEST_SKIP() << "the kept binaries are for x86-64 Linux";
#elif defined(DA3_SANITIZED)
    GTEST_SKIP() << "the kept binaries are not instrumented";
#endif
  }
  fs::path folder() const { return fs::path(DA3_REFERENCE) / GetParam() / "linux-x86_64"; }

  /// Runs the old host on a plugin of today, on a copy of the plugin where several hosts would meet in a
  /// process.
  void run_old_host(const fs::path& plugin, const std::string& model) {
    using OldHost = int (*)(da3_plugin_entry_fn, const char*, const char*, char*, size_t);
    void* host = dlopen((folder() / "old_host.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(host, nullptr) << dlerror();
    const auto run = reinterpret_cast<OldHost>(dlsym(host, "da3_old_host"));
    ASSERT_NE(run, nullptr);
    void* library = dlopen(plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << dlerror();
    const auto entry = reinterpret_cast<da3_plugin_entry_fn>(dlsym(library, "da3_plugin_entry"));
    ASSERT_NE(entry, nullptr);
    char report[2048] = "";
    EXPECT_EQ(run(entry, plugin.c_str(), model.c_str(), report, sizeof report), 0)
        << "tests/abi/reference/old_host.c of " << GetParam() << ", " << report;
  }
};

TEST_P(OldBinaries, TodaysCoreRunsTheOldPlugin) {
  SearchOptions options;
  options.plugin_files = {folder()};
  options.use_environment = options.use_installed = false;
  const Profile profile = Profile::from_text("backend: \"null\"\nnull.depth: 3\nthreads: 2\n", "p.yaml");
  PluginRegistry registry(profile, options);
  EXPECT_FALSE(registry.plugins().at(0).loaded);
  std::optional<Tensor> kept;
  {
    Engine engine(registry, profile);
    EXPECT_EQ(engine.plugin().id, "org.da3.null");
    EXPECT_EQ(engine.value("effective.threads"), "2");
    EXPECT_EQ(engine.trim(), 0u) << "an optional member that it does not have";
    std::vector<std::string> stages;
    Watch watch;
    watch.trace = [&](const TraceSpan& span) { stages.push_back(span.name); };
    Model model = engine.load_model("any", watch);
    EXPECT_THAT(stages, ElementsAre("load"));
    RunRequest request;
    request.inputs = {Tensor::allocate("image", DType::uint8, {1, 2, 28, 42, 3})};
    request.outputs = {"depth", "confidence"};
    EXPECT_EQ(model.estimate(request).activations, 2u * 2 * 28 * 42 * 4);
    Session session = model.create_session();
    EXPECT_THAT(session.run(request).at("depth").floats(), Each(3.0f));
    request.output_memory = OutputMemory::plugin;
    kept = session.run(request).at("depth");
    request.options = {{"seed", "many", ""}};
    try {
      session.run(request);
      ADD_FAILURE() << "not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), DA3_E_BAD_VALUE);
      EXPECT_EQ(error.kind(), 1);
      EXPECT_EQ(error.index(), 0);
    }
  }
  EXPECT_THAT(kept->floats(), Each(3.0f)) << "outlives everything";
}

TEST_P(OldBinaries, TheOldHostRunsTodaysNullPlugin) { run_old_host(DA3_NULL_PLUGIN, "any"); }

TEST_P(OldBinaries, TheOldHostRunsTodaysCppPlugin) {
  if (std::string(DA3_PAINTER_PLUGIN).empty()) GTEST_SKIP() << "the template is not built here";
  run_old_host(DA3_PAINTER_PLUGIN, "any");
}

TEST_P(OldBinaries, TheOldHostRunsTodaysCpuPlugin) {
  if (std::string(DA3_CPU_PLUGIN).empty()) GTEST_SKIP() << "built without the cpu engine";
  run_old_host(DA3_CPU_PLUGIN, DA3_SOURCE_DIR "/models/demo");
}

INSTANTIATE_TEST_SUITE_P(Versions, OldBinaries, ::testing::ValuesIn(versions()), [](const auto& version) {
  std::string name = version.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

}  // namespace
}  // namespace da3
