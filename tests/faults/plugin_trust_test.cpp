// SPDX-License-Identifier: Apache-2.0
// Which files may be loaded: owners, permissions, pins.
#include <gmock/gmock.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif
#include <unistd.h>
#include <da3/da3.hpp>
#include <da3/file_hash.hpp>

#include <chrono>
#include <cstdlib>
#include <cstring>

#include "hardware/child.hpp"
#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const std::string suffix = DA3_LIBRARY_SUFFIX;
constexpr auto group_and_others = fs::perms::group_write | fs::perms::others_write;

class Trust : public testing::Test {
 protected:
  void SetUp() override {
    umask(022);
    fs::create_directory(folder());
    fs::copy_file(DA3_NULL_PLUGIN, library());
    folder_.write("plugins/libda3_null.plugin.yaml",
                  "name: \"null\"\nid: org.da3.null\nversion: 0.1.0\nabi: \"1.0\"\nlibrary: libda3_null" +
                      suffix + "\noptions: []\n");
    set("plugins.path", folder().string());
  }
  fs::path folder() const { return folder_.path() / "plugins"; }
  fs::path library() const { return folder() / ("libda3_null" + suffix); }
  fs::path manifest() const { return folder() / "libda3_null.plugin.yaml"; }
  void set(const std::string& key, const std::string& value) {
    profile_.set(Layer::profile, key, value, "p:1:1");
  }
  static void open_to_all(const fs::path& path) {
    fs::permissions(path, group_and_others, fs::perm_options::add);
  }
  SearchOptions only_these() const {
    SearchOptions options;
    options.use_environment = options.use_installed = false;
    return options;
  }
  std::string reason() const {
    const auto found = PluginRegistry(profile_, only_these()).devices();
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? "nothing found" : found[0].reason;
  }

  TemporaryFolder folder_;
  Profile profile_;
};

TEST_F(Trust, SystemTakesWhatIsOnlyOurs) {
  set("plugins.trust", "system");
  EXPECT_EQ(reason(), "");
}

TEST_F(Trust, SystemRefusesALibraryThatOthersCanWrite) {
  set("plugins.trust", "system");
  open_to_all(library());
  EXPECT_THAT(reason(), AllOf(StartsWith("it is not trusted: " + library().string()), HasSubstr("mode 0777"),
                              HasSubstr("plugins.trust: any")));
  set("plugins.trust", "any");
  EXPECT_EQ(reason(), "");
}

TEST_F(Trust, SystemLooksAtManifestAndFoldersToo) {
  set("plugins.trust", "system");
  open_to_all(manifest());
  EXPECT_THAT(reason(), StartsWith("it is not trusted: " + manifest().string()));
  fs::permissions(manifest(), group_and_others, fs::perm_options::remove);
  open_to_all(folder_.path());
  EXPECT_THAT(reason(), StartsWith("it is not trusted: " + folder_.path().string() + " can be written"));
  fs::permissions(folder_.path(), fs::perms::sticky_bit, fs::perm_options::add);
  EXPECT_EQ(reason(), "") << "nobody can replace another's entry of a sticky folder";
}

TEST_F(Trust, ALinkIsAsGoodAsWhatItLeadsTo) {
  set("plugins.trust", "system");
  TemporaryFolder elsewhere;
  fs::create_directory(elsewhere.path() / "open");
  fs::rename(library(), elsewhere.path() / "open" / library().filename());
  fs::create_symlink(elsewhere.path() / "open" / library().filename(), library());
  EXPECT_EQ(reason(), "");
  open_to_all(elsewhere.path() / "open");
  EXPECT_THAT(reason(), HasSubstr((elsewhere.path() / "open").string() + " can be written"));
}

TEST_F(Trust, AnotherUsersFileIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(chown(library().c_str(), 12345, 0), 0);
  EXPECT_THAT(reason(), HasSubstr("belongs to the user 12345")) << "root's default is system";
  set("plugins.trust", "any");
  EXPECT_EQ(reason(), "");
}

#ifdef __linux__
/// As `setfacl -m user:12345:<permissions>` makes it. Returns false where the file system has no such lists.
bool give_to_another_user(const fs::path& path, uint16_t permissions) {
  struct Entry {
    uint16_t tag, permissions;
    uint32_t id;
  };
  constexpr uint32_t version = 2, nobody = UINT32_MAX;
  const Entry entries[] = {{0x01, 6, nobody},            // the owner
                           {0x02, permissions, 12345},   // another user
                           {0x04, 4, nobody},            // the group
                           {0x10, permissions, nobody},  // the mask, which stat shows as the group's bits
                           {0x20, 4, nobody}};           // others
  char bytes[sizeof version + sizeof entries];
  std::memcpy(bytes, &version, sizeof version);
  std::memcpy(bytes + sizeof version, entries, sizeof entries);
  return setxattr(path.c_str(), "system.posix_acl_access", bytes, sizeof bytes, 0) == 0;
}

TEST_F(Trust, RootsGroupIsRootButNotUnderAnAccessList) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files to root's group";
  ASSERT_EQ(chown(library().c_str(), 0, 0), 0);
  fs::permissions(library(), fs::perms::group_write, fs::perm_options::add);
  EXPECT_EQ(reason(), "");
  if (!give_to_another_user(library(), 6)) GTEST_SKIP() << "no access control lists here";
  EXPECT_THAT(reason(), HasSubstr("can be written by others"));
  ASSERT_TRUE(give_to_another_user(library(), 4));
  EXPECT_EQ(reason(), "") << "reading harms nobody";
}
#endif

TEST_F(Trust, TheDefaultIsSystemForRootAndAnyForOthers) {
  open_to_all(library());
  if (geteuid() == 0)
    EXPECT_THAT(reason(), HasSubstr("can be written by others"));
  else
    EXPECT_EQ(reason(), "");
}

TEST_F(Trust, HashWantsAPin) {
  set("plugins.trust", "hash");
  EXPECT_THAT(reason(), AllOf(HasSubstr("has no plugins.sha256.null"), HasSubstr("sha256sum")));
  set("plugins.sha256.null", file_sha256(library()));
  EXPECT_EQ(reason(), "");
  open_to_all(library());
  EXPECT_THAT(reason(), HasSubstr("can be written by others")) << "besides the rule of system";
}

TEST_F(Trust, APinIsCheckedWheneverItIsGiven) {
  set("plugins.trust", "any");
  set("plugins.sha256.null", std::string(64, 'a'));
  EXPECT_THAT(reason(),
              AllOf(HasSubstr("is not the file that the profile pins"), HasSubstr("plugins.sha256.null")));
  SearchOptions options = only_these();
  options.scan_in_child = true;
  EXPECT_THAT(PluginRegistry(profile_, options).devices()[0].reason, HasSubstr("pins"));
  profile_.set(Layer::profile, "backend", "null", "p:2:1");
  PluginRegistry registry(profile_, only_these());
  EXPECT_THAT(message_of([&] { Engine engine(registry, profile_); }), HasSubstr("pins"));
}

TEST_F(Trust, AFileThatIsOpenedToOthersAfterTheSearchIsRefusedWhenLoaded) {
  set("plugins.trust", "system");
  PluginRegistry registry(profile_, only_these());
  open_to_all(folder());
  EXPECT_THAT(registry.devices()[0].reason, HasSubstr("can be written by others"));
}

TEST_F(Trust, PinsAreKeysOfEveryProfile) {
  PluginRegistry registry(profile_, only_these());
  Profile good =
      Profile::from_text("plugins: {sha256: {cuda: " + std::string(64, 'b') + "}, trust: hash}", "p");
  EXPECT_TRUE(registry.schema().problems(good).empty());
  for (const std::string& bad : {std::string("abc"), std::string(64, 'B'), std::string(63, 'b')}) {
    Profile profile = Profile::from_text("plugins.sha256.cuda: \"" + bad + "\"", "p");
    ASSERT_EQ(registry.schema().problems(profile).size(), 1u) << bad;
    EXPECT_THAT(registry.schema().problems(profile)[0].message(), HasSubstr("64 hexadecimal digits"));
  }
  EXPECT_EQ(registry.schema().problems(Profile::from_text("plugins.trust: everybody", "p")).size(), 1u);
  EXPECT_EQ(registry.schema().problems(Profile::from_text("plugins.sha256: x", "p")).size(), 1u);
}

/// A copy of a program that runs as nobody although root starts it.
TEST_F(Trust, AProgramWithMoreRightsThanItsCallerListensToNeitherEnvironmentNorAny) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can make such a program";
  fs::permissions(folder_.path(), fs::perms(0755));
  const fs::path program = folder_.path() / "privileged";
  fs::copy_file(DA3_PRIVILEGED_PROGRAM, program);
  const auto run = [&] {
    return hardware::run_child(program, {library().string()}, std::chrono::seconds(60)).answer;
  };
  open_to_all(library());
  setenv("DA3_SET_threads", "3", 1);
  setenv("DA3_PLUGIN_PATH", folder().c_str(), 1);
  setenv("DA3_CACHE_DIR", (folder_.path() / "cache").c_str(), 1);
  EXPECT_THAT(
      run(),
      StartsWith("privileged=0 threads=3 found=1 cache=" + (folder_.path() / "cache/x").string() + "\n\n"));
  constexpr uid_t nobody = 65534;
  ASSERT_EQ(chown(program.c_str(), nobody, 0), 0);
  ASSERT_EQ(chmod(program.c_str(), 04755), 0);
  const std::string answer = run();
  for (const char* name : {"DA3_SET_threads", "DA3_PLUGIN_PATH", "DA3_CACHE_DIR"}) unsetenv(name);
  if (answer.starts_with("privileged=0"))
    GTEST_SKIP() << "the temporary folder is mounted without such programs";
  EXPECT_THAT(answer, StartsWith("privileged=1 threads= found=0 cache=\n"));
  EXPECT_THAT(answer, HasSubstr("it is not trusted"));
}

}  // namespace
}  // namespace da3
