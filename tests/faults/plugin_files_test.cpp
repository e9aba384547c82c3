// SPDX-License-Identifier: Apache-2.0
// Files in a plugin folder that are no plugins: each is listed with a sentence, none is loaded, none blocks.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>
#include <da3/da3.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::string suffix = DA3_LIBRARY_SUFFIX;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string manifest(const std::string& name, const std::string& more = "") {
  return "name: " + name + "\nid: org.da3.null\nversion: 0.1.0\nabi: \"1.0\"\nlibrary: libda3_" + name +
         suffix + "\noptions: []\n" + more;
}

/// A folder in the profile's plugins.path.
class PluginFolder : public ::testing::Test {
 protected:
  TemporaryFolder folder_;

  std::vector<PluginInfo> devices() {
    Profile profile;
    profile.set(Layer::profile, "plugins.path", folder_.path().string(), "p:1:1");
    SearchOptions options;
    options.use_environment = options.use_installed = false;
    return PluginRegistry(profile, options).devices();
  }

  /// Of the only plugin there.
  std::string reason() {
    const auto found = devices();
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? "nothing found" : found[0].reason;
  }

  fs::path library(const std::string& name = "cpu") { return folder_.path() / ("libda3_" + name + suffix); }
  void write_library(std::string_view bytes, bool with_manifest = true) {
    folder_.write(library().filename(), bytes);
    if (with_manifest) folder_.write("libda3_cpu.plugin.yaml", manifest("cpu"));
  }
};

TEST_F(PluginFolder, Text) {
  write_library("I am not a library, I only look like one. " + std::string(100, '.'));
  EXPECT_THAT(reason(), AllOf(StartsWith(library().string() + " is not a library"),
                              HasSubstr("install the plugin again")));
  write_library("short");
  EXPECT_THAT(reason(), HasSubstr("is not a library"));
}

TEST_F(PluginFolder, Empty) {
  write_library("");
  EXPECT_THAT(reason(), HasSubstr("is empty"));
}

TEST_F(PluginFolder, ADirectory) {
  fs::create_directory(library());
  EXPECT_THAT(reason(), HasSubstr("is a folder"));
}

TEST_F(PluginFolder, AFifoDoesNotBlock) {
  ASSERT_EQ(mkfifo(library().c_str(), 0600), 0);
  EXPECT_THAT(reason(), HasSubstr("is not a regular file"));
  fs::remove(library());
  folder_.write(library().filename(), bytes_of(DA3_NULL_PLUGIN));
  ASSERT_EQ(mkfifo((folder_.path() / "libda3_cpu.plugin.yaml").c_str(), 0600), 0);
  EXPECT_THAT(reason(), HasSubstr("not a regular file")) << "a manifest may be one, too";
}

/// Root reads everything, so root asks as somebody else, in a child.
TEST_F(PluginFolder, Unreadable) {
  write_library(bytes_of(DA3_NULL_PLUGIN));
  fs::permissions(library(), fs::perms::none);
  fs::permissions(folder_.path(), fs::perms::others_read | fs::perms::others_exec, fs::perm_options::add);
  const auto ask = [&] {
    constexpr uid_t nobody = 65534;
    if (geteuid() == 0 && (setgid(nobody) != 0 || setuid(nobody) != 0)) _exit(99);
    std::fputs(reason().c_str(), stderr);
    _exit(0);
  };
  EXPECT_EXIT(ask(), ::testing::ExitedWithCode(0), "cannot be opened: Permission denied");
}

TEST_F(PluginFolder, FilesOfOtherKinds) {
  for (const auto& [what, bytes] :
       {std::pair{"a static library",
                  "!<arch>\nobject.o/       0           0     0     644     8         `\n"},
        {"a script", "#!/bin/sh\nexit 1\n"},
        {"a Windows library", "MZ\x90"},
        {"an archive", "PK\x03\x04"},
        {"Java or universal code", "\xCA\xFE\xBA\xBD"}}) {
    write_library(std::string(bytes) + std::string(300, '\0'));
    EXPECT_THAT(reason(), HasSubstr("is not a library")) << what;
  }
}

TEST_F(PluginFolder, ADanglingLink) {
  fs::create_symlink("nowhere", library());
  EXPECT_THAT(reason(), HasSubstr("cannot be opened: No such file"));
  fs::remove(library());
  fs::create_symlink(library().filename(), library());
  EXPECT_THAT(reason(), HasSubstr("cannot be opened"));
}

#ifdef __linux__
TEST_F(PluginFolder, TruncatedAnywhere) {
  const std::string whole = bytes_of(DA3_NULL_PLUGIN);
  ASSERT_GT(whole.size(), 4096u);
  for (size_t size :
       {size_t{4}, size_t{20}, size_t{63}, size_t{64}, size_t{100}, size_t{1000}, whole.size() / 4}) {
    write_library(whole.substr(0, size));
    EXPECT_THAT(reason(), HasSubstr("is truncated")) << size << " bytes";
  }
}

/// Up to the last byte that is mapped; what comes after (symbols for debuggers) may be missing. Each file is
/// its own: one that was loaded stays mapped and must not change.
TEST_F(PluginFolder, TruncatedAtManyOffsets) {
  const std::string whole = bytes_of(DA3_NULL_PLUGIN);
  constexpr size_t offsets = 128;
  for (size_t i = 1; i < offsets; ++i) {
    write_library(whole.substr(0, whole.size() * i / offsets));
    const std::string why = reason();
    if (why.find("is truncated") != std::string::npos) continue;
    EXPECT_GT(i, offsets / 4) << why;
    break;
  }
}

TEST_F(PluginFolder, OfAnotherMachine) {
  const std::string whole = bytes_of(DA3_NULL_PLUGIN);
  const auto changed = [&](size_t at, char byte) {
    std::string bytes = whole;
    bytes[at] = byte;
    return bytes;
  };
  write_library(changed(4, 1));
  EXPECT_THAT(reason(), HasSubstr("is 32-bit code"));
  write_library(changed(5, 2));
  EXPECT_THAT(reason(), HasSubstr("is big-endian"));
  write_library(changed(18, whole[18] == 62 ? '\xB7' : 62));
  EXPECT_THAT(reason(), HasSubstr("is built for"));
  write_library(changed(16, 1));
  EXPECT_THAT(reason(), HasSubstr("not a shared library"));
  write_library("MZ" + std::string(200, '\0'));
  EXPECT_THAT(reason(), HasSubstr("is not a library"));
}

TEST_F(PluginFolder, TheDynamicLinkersWordsAreKept) {
  std::string broken = bytes_of(DA3_NULL_PLUGIN);
  // The program headers stay good, the dynamic section of every segment does not.
  for (size_t at = 64; at + 56 <= 64 + 56 * 16; at += 56)
    if (broken.compare(at, 4, std::string("\2\0\0\0", 4)) == 0) broken[at] = 4;  // PT_DYNAMIC becomes PT_NOTE
  write_library(broken);
  EXPECT_THAT(reason(),
              AllOf(StartsWith("the dynamic linker refused it: "), HasSubstr("no dynamic section")));
}
#endif

TEST_F(PluginFolder, WithoutAManifestOnlyWhereItWasNamed) {
  write_library(bytes_of(DA3_NULL_PLUGIN), false);
  EXPECT_THAT(reason(), HasSubstr("has no manifest libda3_cpu.plugin.yaml beside it"));
}

TEST_F(PluginFolder, BadManifests) {
  write_library(bytes_of(DA3_NULL_PLUGIN));
  folder_.write("libda3_cpu.plugin.yaml", "name: [\n");
  EXPECT_THAT(reason(), HasSubstr("libda3_cpu.plugin.yaml:"));
  folder_.write("libda3_cpu.plugin.yaml", manifest("gpu"));
  EXPECT_THAT(reason(), HasSubstr("is for"));
  folder_.write("libda3_cpu.plugin.yaml", manifest("cpu", "sha256: " + std::string(64, 'a') + "\n"));
  EXPECT_THAT(reason(), HasSubstr("sha256 differs"));
  folder_.write("libda3_cpu.plugin.yaml", manifest("cpu", "os: windows\n"));
  EXPECT_THAT(reason(), HasSubstr("it needs Windows"));
}

TEST_F(PluginFolder, AManifestMustAgreeWithItsLibrary) {
  folder_.write(library("null").filename(), bytes_of(DA3_NULL_PLUGIN));
  folder_.write("libda3_null.plugin.yaml",
                "name: \"null\"\nid: org.other\nversion: 0.1.0\nabi: \"1.0\"\nlibrary: libda3_null" + suffix +
                    "\noptions: []\n");
  EXPECT_THAT(reason(), HasSubstr("its table says \"org.da3.null\", its manifest says \"org.other\""));
}

TEST_F(PluginFolder, OtherFilesAreNoPlugins) {
  for (const char* name : {"cpu.so", "libcpu.so", "libda3_cpu.so.1", "libda3_cpu_engine.so", "libda3_core.so",
                           "notes.txt", "libda3_.so"})
    folder_.write(name, "text");
  folder_.write("sub/libda3_cpu.so", "text");
  EXPECT_THAT(devices(), IsEmpty());
}

TEST_F(PluginFolder, AManifestWithoutItsLibrary) {
  folder_.write("libda3_cpu.plugin.yaml", manifest("cpu"));
  EXPECT_EQ(reason(), "its plugin libda3_cpu" + suffix + " is not installed");
}

TEST_F(PluginFolder, TheFirstOfANameWinsEvenWhenItIsBad) {
  write_library("text");
  TemporaryFolder second;
  second.write(library().filename(), bytes_of(DA3_NULL_PLUGIN));
  second.write("libda3_cpu.plugin.yaml", manifest("cpu"));
  Profile profile;
  profile.set(Layer::profile, "plugins.path",
              "[" + folder_.path().string() + ", " + second.path().string() + "]", "p:1:1");
  SearchOptions options;
  options.use_environment = options.use_installed = false;
  PluginRegistry registry(profile, options);
  const auto found = registry.devices();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_THAT(found[0].reason, HasSubstr("is not a library"));
  EXPECT_THAT(found[1].reason, HasSubstr("was found before"));
  profile.set(Layer::profile, "backend", "cpu", "p:2:1");
  EXPECT_THAT(message_of([&] { Engine engine(registry, profile); }),
              AllOf(StartsWith("backend cpu cannot be used: "), HasSubstr("is not a library")));
}

TEST(PluginSearch, ExplicitFilesMustBeAbsoluteAndExist) {
  SearchOptions options;
  options.use_environment = options.use_installed = false;
  options.plugin_files = {"libda3_cpu.so"};
  EXPECT_THAT(message_of([&] { PluginRegistry registry({}, options); }), HasSubstr("is not absolute"));
  options.plugin_files = {"/no/such/libda3_cpu.so"};
  EXPECT_THAT(PluginRegistry({}, options).plugins()[0].reason, HasSubstr("cannot be opened: No such file"));
  options.plugin_files = {"/etc/passwd"};
  EXPECT_THAT(PluginRegistry({}, options).plugins()[0].reason, HasSubstr("is not named libda3_<name>.so"));
  options.plugin_files = {"/nowhere/at_all"};
  EXPECT_THAT(PluginRegistry({}, options).plugins()[0].reason, HasSubstr("no such file"));
}

TEST(PluginSearch, TheEnvironmentNamesFolders) {
  TemporaryFolder folder;
  folder.write("libda3_cpu" + suffix, "text");
  SearchOptions options;
  options.use_installed = false;
  set_log_sink([](LogLevel, std::string_view) {});
  setenv("DA3_PLUGIN_PATH", ("relative::/no/such/folder:" + folder.path().string()).c_str(), 1);
  const auto found = PluginRegistry({}, options).plugins();
  unsetenv("DA3_PLUGIN_PATH");
  set_log_sink({});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].found_by, "DA3_PLUGIN_PATH");
}

}  // namespace
}  // namespace da3
