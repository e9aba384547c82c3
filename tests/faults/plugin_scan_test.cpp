// SPDX-License-Identifier: Apache-2.0
// Plugins asked in children: one that hangs, crashes, leaves or talks too much harms nobody, and has its
// sentence.
#include <gmock/gmock.h>
#include <da3/da3.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string suffix = DA3_LIBRARY_SUFFIX;

std::vector<PluginInfo> scan(const std::vector<fs::path>& files, const char* seconds = "60") {
  Profile profile;
  profile.set(Layer::profile, "plugins.scan_seconds", seconds, "p:1:1");
  SearchOptions options;
  options.use_environment = options.use_installed = false;
  options.scan_in_child = true;
  options.plugin_files = files;
  return PluginRegistry(profile, options).devices();
}

fs::path bad(const std::string& fault) { return DA3_BAD_PLUGIN_FOLDER "/libda3_" + fault + suffix; }

/// The deadly plugin's answer when it does that, there.
std::string deadly(const std::string& where_and_what, const char* seconds = "60") {
  setenv("DEADLY", where_and_what.c_str(), 1);
  const auto found = scan({bad("deadly")}, seconds);
  unsetenv("DEADLY");
  EXPECT_EQ(found.size(), 1u);
  return found[0].reason;
}

TEST(PluginScan, TellsWhatLoadingTells) {
  const auto found = scan({DA3_NULL_PLUGIN});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].reason, "");
  EXPECT_FALSE(found[0].loaded) << "not in this process";
  SearchOptions options;
  options.use_environment = options.use_installed = false;
  options.plugin_files = {DA3_NULL_PLUGIN};
  const auto loaded = PluginRegistry({}, options).devices();
  EXPECT_TRUE(loaded[0].loaded);
  EXPECT_EQ(found[0].id, loaded[0].id);
  EXPECT_EQ(found[0].version, loaded[0].version);
  EXPECT_EQ(found[0].abi, loaded[0].abi);
  EXPECT_EQ(found[0].license, loaded[0].license);
  EXPECT_EQ(found[0].score, loaded[0].score);
  ASSERT_EQ(found[0].devices.size(), loaded[0].devices.size());
  EXPECT_EQ(found[0].devices[0].name, loaded[0].devices[0].name);
  EXPECT_EQ(found[0].devices[0].precisions, loaded[0].devices[0].precisions);
  EXPECT_EQ(found[0].devices[0].mem_total, loaded[0].devices[0].mem_total);
}

TEST(PluginScan, ReasonsAreThoseOfLoading) {
  for (const auto& [fault, sentence] : {std::pair{"entry_fails", "the moon is in the wrong phase"},
                                        {"no_symbol", "no function da3_plugin_entry"},
                                        {"wrong_major", "plugin ABI 2"},
                                        {"no_member", "no session_run"},
                                        {"probe_fails", "fell off the bus"},
                                        {"no_reason", "gives no reason"}})
    EXPECT_THAT(scan({bad(fault)})[0].reason, HasSubstr(sentence)) << fault;
}

TEST(PluginScan, CrashesAndExits) {
  for (const auto& [where, words] : {std::pair{"load", "while it was loaded"},
                                     {"entry", "while it was loaded"},
                                     {"probe", "in its probe"},
                                     {"options", "when asked for its options"}}) {
    EXPECT_THAT(deadly(std::string(where) + ":crash"),
                AllOf(StartsWith("it crashed (SIG"), HasSubstr(words)));
    EXPECT_THAT(
        deadly(std::string(where) + ":abort"),
        AllOf(StartsWith("it crashed (SIGABRT)"), HasSubstr(words), HasSubstr("it said \"my last words\"")));
    EXPECT_THAT(deadly(std::string(where) + ":exit"),
                AllOf(StartsWith("it ended the process"), HasSubstr(words)));
  }
}

TEST(PluginScan, HangsAreCutOff) {
  for (const auto& [where, words] : {std::pair{"load", "while it was loaded"},
                                     {"entry", "while it was loaded"},
                                     {"probe", "in its probe"}})
    EXPECT_THAT(deadly(std::string(where) + ":hang", "2"),
                AllOf(StartsWith("it did not answer within 2 s"), HasSubstr(words)));
}

TEST(PluginScan, TalkingIsNoHarm) {
  EXPECT_EQ(deadly("probe:print"), "");
  EXPECT_EQ(deadly("probe:flood"), "");
  EXPECT_EQ(deadly("end:crash"), "") << "after its answer it may do what it likes";
}

TEST(PluginScan, AnswersThatAreNotTheHelpersAreNonsense) {
  EXPECT_THAT(deadly("probe:answer"), StartsWith("it ended the process"));
  EXPECT_THAT(deadly("probe:close"), StartsWith("it ended the process"));
}

TEST(PluginScan, OneThatHangsDoesNotHideTheOthers) {
  setenv("DEADLY", "entry:hang", 1);
  const auto found = scan({bad("deadly"), DA3_NULL_PLUGIN, bad("entry_fails")}, "5");
  unsetenv("DEADLY");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_THAT(found[0].reason, HasSubstr("did not answer"));
  EXPECT_EQ(found[1].reason, "");
  EXPECT_THAT(found[2].reason, HasSubstr("moon"));
}

TEST(PluginScan, OptionsOfAPluginWithoutAManifestComeFromTheChild) {
  TemporaryFolder folder;
  const fs::path library = folder.path() / fs::path(DA3_NULL_PLUGIN).filename();
  fs::copy_file(DA3_NULL_PLUGIN, library);
  SearchOptions options;
  options.use_environment = options.use_installed = false;
  options.scan_in_child = true;
  options.plugin_files = {library};
  PluginRegistry registry({}, options);
  EXPECT_FALSE(registry.schema().backend_options("null").empty());
  EXPECT_EQ(registry.devices()[0].reason, "");
  EXPECT_FALSE(registry.devices()[0].loaded);
}

TEST(PluginScan, AManifestThatLiesIsFoundOut) {
  TemporaryFolder folder;
  const fs::path library = folder.path() / ("libda3_null" + suffix);
  fs::copy_file(DA3_NULL_PLUGIN, library);
  folder.write("libda3_null.plugin.yaml",
               "name: \"null\"\nid: org.other\nversion: 0.1.0\nabi: \"1.0\"\nlibrary: libda3_null" + suffix +
                   "\noptions: []\n");
  EXPECT_THAT(scan({library})[0].reason, HasSubstr("its manifest says \"org.other\""));
}

#ifdef __linux__
/// Bytes changed at random: each file has a sentence or is a plugin, and nobody hangs or crashes.
TEST(PluginScan, DamagedLibraries) {
  std::ifstream file(DA3_NULL_PLUGIN, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  TemporaryFolder folder;
  std::mt19937 random(20261126);
  std::vector<fs::path> files;
  for (int i = 0; i < 24; ++i) {
    std::string bytes = whole;
    for (int flips = 0; flips < 8; ++flips)
      bytes[random() % (i % 2 ? std::min<size_t>(bytes.size(), 1024) : bytes.size())] =
          static_cast<char>(random());
    files.push_back(folder.write(std::to_string(i) + "/libda3_d" + std::to_string(i) + suffix, bytes));
  }
  int refused = 0;
  for (const PluginInfo& plugin : scan(files, "20")) refused += !plugin.reason.empty();
  EXPECT_EQ(refused, 24) << "each is not even called what its file is called";
}
#endif

}  // namespace
}  // namespace da3
