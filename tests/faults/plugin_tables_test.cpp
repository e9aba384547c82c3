// SPDX-License-Identifier: Apache-2.0
// Libraries that load and then misbehave: each is refused with a sentence, and the process lives on.
#include <gmock/gmock.h>
#include <da3/da3.hpp>

#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using test::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

SearchOptions files(const std::vector<std::string>& names) {
  SearchOptions options;
  options.use_environment = options.use_installed = false;
  for (const std::string& name : names)
    options.plugin_files.push_back(
        name == "null" ? DA3_NULL_PLUGIN : DA3_BAD_PLUGIN_FOLDER "/libda3_" + name + DA3_LIBRARY_SUFFIX);
  return options;
}

std::string reason_of(const std::string& fault) {
  PluginRegistry registry({}, files({fault}));
  const auto found = registry.devices();
  EXPECT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].name, fault);
  return found[0].reason;
}

struct Fault {
  const char* name;
  const char* sentence;
};

class BadTable : public ::testing::TestWithParam<Fault> {};

TEST_P(BadTable, IsRefusedWithASentence) {
  const auto& [name, sentence] = GetParam();
  EXPECT_THAT(reason_of(name), HasSubstr(sentence));
  const Profile profile = Profile::from_text("backend: " + std::string(name), "p");
  PluginRegistry registry(profile, files({name, "null"}));
  try {
    Engine engine(registry, profile);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), DA3_E_UNAVAILABLE);
    EXPECT_THAT(error.message(), StartsWith("backend " + std::string(name) + " cannot be used: "));
    EXPECT_THAT(error.message(), HasSubstr(sentence));
    EXPECT_THAT(error.message(), HasSubstr("; use backend: null or backend: auto"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Plugins, BadTable,
    ::testing::Values(Fault{"entry_fails", "the moon is in the wrong phase"},
                      Fault{"entry_silent", "DA3_E_INTERNAL (-99), and the plugin gave no reason"},
                      Fault{"entry_abi", "this plugin speaks ABI 7 only, the host 1 to 1"},
                      Fault{"no_table", "returned no table"},
                      Fault{"no_symbol", "has no function da3_plugin_entry"},
                      Fault{"wrong_major", "it speaks plugin ABI 2.0, this program speaks 1.0"},
                      Fault{"small_table", "bytes, ABI 1.0 has"}, Fault{"huge_table", "4294967295 bytes"},
                      Fault{"no_member", "has no session_run"}, Fault{"no_name", "has no name"},
                      Fault{"other_name", "says it is \"somebody\", its file says \"other_name\""},
                      Fault{"probe_fails", "the device fell off the bus"},
                      Fault{"no_reason", "gives no reason"}, Fault{"no_device", "it found no device"}),
    [](const auto& fault) { return std::string(fault.param.name); });

TEST(Plugins, ALargerTableOfALaterMinorWorks) {
  PluginRegistry registry({}, files({"newer_minor"}));
  Engine engine(registry, {});
  EXPECT_EQ(engine.backend(), "newer_minor");
  EXPECT_EQ(engine.plugin().abi, "1.9");
}

TEST(Plugins, AScoreStaysInItsBand) {
  PluginRegistry registry({}, files({"boasts"}));
  EXPECT_EQ(registry.devices()[0].score, 199);
}

TEST(Plugins, TwoRuntimesDoNotShareAProcess) {
  PluginRegistry registry({}, files({"runtime_a", "runtime_b", "null"}));
  const auto found = registry.devices();
  EXPECT_EQ(found[0].reason, "");
  EXPECT_THAT(
      found[1].reason,
      HasSubstr("it runs on libtorch/2.0, but backend runtime_a of this process runs on libtorch/1.0"));
  EXPECT_EQ(found[2].reason, "") << "one without a runtime goes with all";
}

TEST(Plugins, AnOptimizerThatCannotBeMadeFallsBackOnlyInAListOrAuto) {
  const SearchOptions options = files({"create_fails", "null"});
  const Profile named = Profile::from_text("backend: create_fails", "p");
  PluginRegistry registry(named, options);
  try {
    Engine engine(registry, named);
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "the device is taken; wait");
    EXPECT_EQ(error.code(), DA3_E_UNAVAILABLE);
    EXPECT_EQ(error.kind(), 4) << "a device";
    EXPECT_EQ(error.index(), 0);
    EXPECT_EQ(error.native(), 704) << "the driver's own code";
  }
  std::vector<std::string> warnings;
  set_log_sink([&](LogLevel level, std::string_view line) {
    if (level == LogLevel::warn) warnings.emplace_back(line);
  });
  const Profile list = Profile::from_text("backend: [create_fails, \"null\"]", "p");
  Engine engine(registry, list);
  set_log_sink({});
  EXPECT_EQ(engine.backend(), "null");
  EXPECT_THAT(
      warnings,
      ElementsAre("backend create_fails cannot be used: the device is taken; wait; falling back to null"));
  const Profile automatic = Profile::from_text("backend: auto", "p");
  set_log_sink([](LogLevel, std::string_view) {});
  EXPECT_EQ(Engine(registry, automatic).backend(), "null");
  set_log_sink({});
}

TEST(Plugins, ARefusedOptionIsReportedWithItsPlace) {
  const Profile profile = Profile::from_text("backend: bad_option_code\nthreads: 3\n", "p.yaml");
  PluginRegistry registry(profile, files({"bad_option_code"}));
  try {
    Engine engine(registry, profile);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), DA3_E_BAD_VALUE);
    EXPECT_EQ(error.message(), "p.yaml:2:1: threads is not to my taste");
  }
  const Profile silent = Profile::from_text("backend: bad_option_code\n", "p.yaml");
  try {
    Engine engine(registry, silent);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), DA3_E_INTERNAL) << "codes we do not know";
    EXPECT_THAT(error.message(), HasSubstr("optimizer_create failed"));
  }
}

TEST(Plugins, AnOutputOfTheWrongShapeIsRefused) {
  PluginRegistry registry({}, files({"bad_output"}));
  Session session = Engine(registry, {}).load_model("any").create_session();
  RunRequest request;
  request.inputs = {Tensor::allocate("image", DType::uint8, {1, 1, 14, 14, 3})};
  request.outputs = {"depth"};
  request.output_memory = OutputMemory::plugin;
  EXPECT_THAT(message_of([&] { session.run(request); }),
              HasSubstr("has the shape [1,1] instead of [1,1,14,14]"));
}

}  // namespace
}  // namespace da3
