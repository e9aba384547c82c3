// SPDX-License-Identifier: Apache-2.0
// The manifests that da3_add_plugin's tool writes, as the core reads them.
#include <gmock/gmock.h>

#include <da3/da3.hpp>

#include <cstdlib>
#include <fstream>

#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

namespace fs = std::filesystem;

class SdkManifest : public ::testing::Test {
 protected:
  Manifest manifest_of(const std::string& library, const std::string& words) const {
    const fs::path file = folder_.path() / "out.yaml";
    const std::string command =
        "\"" DA3_WRITE_MANIFEST "\" \"" + library + "\" \"" + file.string() + "\" " + words;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return Manifest::from_file(file);
  }
  test::TemporaryFolder folder_;
};

TEST_F(SdkManifest, TextsOfEveryKindComeBack) {
  const Manifest manifest = manifest_of(
      DA3_HOSTILE_PLUGIN, "--name hostile --device cpu --needs 'a \"card\" \\ : # of 8 GB' --needs b");
  EXPECT_EQ(manifest.vendor, "\"quoted\" \\ vendor");
  EXPECT_EQ(manifest.device, "cpu");
  EXPECT_THAT(manifest.needs, ::testing::ElementsAre("a \"card\" \\ : # of 8 GB", "b"));
  EXPECT_EQ(manifest.platform_reason(), "");
  ASSERT_EQ(manifest.options.size(), 4u);
  const OptionSpec& text = manifest.options[0];
  EXPECT_EQ(text.default_value, "a: \"b\" \\ {c} # d\t\xC3\xA9\n'e'");
  EXPECT_EQ(text.help, "%s & *x !y\r\n- \x7F \x1B, \xE2\x82\xAC \xF0\x9F\x8C\xB2");
  EXPECT_EQ(manifest.options[1].default_value, "");
  EXPECT_EQ(manifest.options[1].help, "null");
  EXPECT_TRUE(manifest.options[1].deprecated);
  EXPECT_EQ(manifest.options[1].scope, Scope::run);
  EXPECT_EQ(manifest.options[2].default_value, "off");
}

TEST_F(SdkManifest, RequirementsAreThoseThatACoreChecks) {
  const Manifest manifest = manifest_of(
      DA3_NULL_PLUGIN,
      "--name null --requires nvidia_driver=580 --requires compute_capability=8.0,8.6 --requires cuda=13.0 "
      "--requires cpu_features=avx2 --requires macos=14.4 --requires metal=any");
  EXPECT_EQ(manifest.requirements.size(), 6u);
  EXPECT_EQ(manifest.requirements.at("nvidia_driver"), "580");
  EXPECT_EQ(manifest.requirements.at("compute_capability"), "8.0,8.6");
  for (const char* bad : {"moon=full", "cuda", "cuda="})
    EXPECT_NE(std::system(("\"" DA3_WRITE_MANIFEST "\" \"" DA3_NULL_PLUGIN "\" \"" +
                           (folder_.path() / "bad.yaml").string() + "\" --name null --requires " + bad +
                           " 2> /dev/null")
                              .c_str()),
              0)
        << bad;
}

/// The manifest that was written by hand, beside the null plugin's source, says what the plugin says.
TEST_F(SdkManifest, OfTheNullPluginIsTheOneInTheSources) {
  const Manifest written = manifest_of(DA3_NULL_PLUGIN, "--name null --device cpu");
  const Manifest by_hand = Manifest::from_file(DA3_SOURCE_DIR "/sdk/examples/libda3_null.plugin.yaml");
  EXPECT_EQ(written.name, by_hand.name);
  EXPECT_EQ(written.id, by_hand.id);
  EXPECT_EQ(written.version, by_hand.version);
  EXPECT_EQ(written.abi, by_hand.abi);
  EXPECT_EQ(written.license, by_hand.license);
  ASSERT_EQ(written.options.size(), by_hand.options.size());
  for (size_t i = 0; i < written.options.size(); ++i) {
    EXPECT_EQ(written.options[i].key, by_hand.options[i].key);
    EXPECT_EQ(written.options[i].type, by_hand.options[i].type);
    EXPECT_EQ(written.options[i].default_value, by_hand.options[i].default_value);
    EXPECT_EQ(written.options[i].help, by_hand.options[i].help);
    EXPECT_EQ(written.options[i].scope, by_hand.options[i].scope);
  }
}

/// The example in docs/writing-a-plugin.md is one that the core takes.
TEST_F(SdkManifest, OfThePageIsValid) {
  std::ifstream page(DA3_SOURCE_DIR "/docs/writing-a-plugin.md");
  std::string text;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (inside && line == "```") break;
    if (inside) text += line + "\n";
    inside = inside || line == "```yaml";
  }
  const Manifest manifest = Manifest::from_file(folder_.write("libda3_mine.plugin.yaml", text));
  EXPECT_EQ(manifest.name, "mine");
  EXPECT_EQ(manifest.arch, "aarch64");
  ASSERT_EQ(manifest.options.size(), 1u);
  EXPECT_EQ(manifest.options[0].key, "mine.gain");
}

TEST_F(SdkManifest, NoneForWhatIsNoPlugin) {
  const fs::path file = folder_.write("libda3_mine.so", "not a library");
  const fs::path manifest = folder_.write("out.yaml", "of an older build");
  EXPECT_NE(std::system(("\"" DA3_WRITE_MANIFEST "\" \"" + file.string() + "\" \"" + manifest.string() +
                         "\" --name mine 2>\"" + (folder_.path() / "err").string() + "\"")
                            .c_str()),
            0);
  EXPECT_FALSE(fs::exists(manifest));
}

}  // namespace
}  // namespace da3
