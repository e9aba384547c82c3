// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <da3/manifest.hpp>

#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using test::message_of;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string good =
    "name: mps\nid: org.da3.mps\nversion: 0.1.0\nabi: \"1.0\"\nlibrary: libda3_mps.dylib\ndevice: metal\nos: "
    "macos\n"
    "arch: aarch64\nneeds: [macOS 14, Metal 3]\n";
const std::string options =
    "options:\n  - {key: threads, type: \"int[1,8]\", default: 4, help: h, scope: optimizer, deprecated: "
    "false}\n"
    "  - {key: mps.cap, type: float, default: 0.7, help: h, scope: run, deprecated: true}\n";

std::string read(const std::string& yaml) {
  return message_of([&] { Manifest::from_text(yaml, "m.yaml"); });
}
std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(Manifest, ReadsEveryField) {
  const Manifest m = Manifest::from_text(good + options, "m.yaml");
  EXPECT_EQ(m.name, "mps");
  EXPECT_EQ(m.abi_major, 1u);
  EXPECT_EQ(m.needs, (std::vector<std::string>{"macOS 14", "Metal 3"}));
  ASSERT_EQ(m.options.size(), 2u);
  EXPECT_EQ(m.options[0].default_value, "4");
  EXPECT_EQ(m.options[0].scope, Scope::optimizer);
  EXPECT_EQ(m.options[1].scope, Scope::run);
  EXPECT_TRUE(m.options[1].deprecated);
  EXPECT_EQ(m.options[1].owner, "mps");
}

TEST(Manifest, RefusesWhatIsWrongWithItsPlace) {
  EXPECT_THAT(read(good), HasSubstr("options: is missing"));
  EXPECT_THAT(read(options), HasSubstr("name: is missing"));
  EXPECT_THAT(read(replaced(good, "name: mps", "name: MPS") + options),
              StartsWith("m.yaml:1:7: manifest: name: \"MPS\" is not"));
  EXPECT_THAT(read(replaced(good, "name: mps", "name: auto") + options), HasSubstr("reserved"));
  EXPECT_THAT(read(replaced(good, "libda3_mps.dylib", "../evil.so") + options),
              HasSubstr("library: \"../evil.so\" must be"));
  EXPECT_THAT(read(replaced(good, "\"1.0\"", "one") + options), HasSubstr("abi: \"one\""));
  EXPECT_THAT(read(replaced(good, "os: macos", "os: amiga") + options), HasSubstr("os: \"amiga\""));
  EXPECT_THAT(read(good + "vendr: x\n" + options),
              HasSubstr("unknown field \"vendr\"; did you mean \"vendor\"?"));
  EXPECT_THAT(read(good + "sha256: 12\n" + options), HasSubstr("sha256: is not 64"));
  EXPECT_THAT(read(good + "name: mps\n" + options), HasSubstr("given twice"));
  EXPECT_THAT(read(good + "options: 3\n"), HasSubstr("options: must be a list"));
  EXPECT_THAT(read(good + replaced(options, "mps.cap", "cpu.cap")), HasSubstr("must begin with \"mps.\""));
  EXPECT_THAT(read(good + replaced(options, "type: float", "type: real")),
              HasSubstr("unknown type \"real\""));
  EXPECT_THAT(read(good + replaced(options, "default: 4", "default: 44")), HasSubstr("does not accept"));
  EXPECT_THAT(read(good + replaced(options, "scope: run", "scope: walk")), HasSubstr("scope"));
  EXPECT_THAT(read(good + replaced(options, "mps.cap", "threads")), HasSubstr("\"threads\" is given twice"));
}

TEST(Manifest, AForeignPlatformIsAReasonWithoutLoading) {
  Manifest m = Manifest::from_text(good + options, "m.yaml");
#ifdef __linux__
  EXPECT_EQ(m.platform_reason(), "no Metal on this machine (Linux)");
  m.os = "linux";
#endif
  m.arch = "riscv64";
  EXPECT_THAT(m.platform_reason(), HasSubstr("built for riscv64 processors"));
  m.arch = "any";
  EXPECT_EQ(m.platform_reason(), "");
  m.abi = "2.0", m.abi_major = 2;
  EXPECT_THAT(m.platform_reason(), HasSubstr("plugin ABI 2.0, this program speaks 1.0"));
}

TEST(Manifest, ALaterMinorMaySayMore) {
  EXPECT_EQ(read(replaced(good, "\"1.0\"", "\"1.7\"") + "novelty: x\n" + options), "");
}

TEST(Manifest, TheNullPluginsIsGood) {
  const Manifest m = Manifest::from_file(DA3_SOURCE_DIR "/sdk/examples/libda3_null.plugin.yaml");
  EXPECT_EQ(m.name, "null");
  EXPECT_EQ(m.options.size(), 4u);
}

}  // namespace
}  // namespace da3
