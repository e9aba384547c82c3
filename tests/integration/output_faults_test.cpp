// SPDX-License-Identifier: Apache-2.0
// Places for results that are full, shut or gone, on the null plugin: one clear error, exit code 4, and under
// its final name only what is whole. Also with results that are written in the background
// (DA3_TEST_PREFETCH).
#include <unistd.h>

#include <map>
#include <sstream>

#include "host_fixture.hpp"

namespace da3::test {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

constexpr uintmax_t depth_bytes = uintmax_t{504} * 378 * 4;  // of the demo's picture
constexpr int not_possible = 77;

class OutputFaults : public HostTest {
 protected:
  void SetUp() override {
    for (const char* name : {"a.png", "b.png", "c.png", "d.png", "e.png", "f.png"})
      picture(path("photos") / name);
    std::filesystem::create_directory(in("model"));
  }

  /// A shell's command line in the test's folder. "$RUN" is a run of the six pictures into out/.
  ProgramResult shell(const std::string& command, const std::string& variable = "NONE=") const {
    const std::string run = DA3_HOST_PROGRAM " " + in("photos").string() + " --model " +
                            in("model").string() +
                            " --mode independent --process-res 504 --format raw -o out";
    std::vector<std::string> environment{"DA3_PLUGIN_PATH=" DA3_FAULTY_PLUGIN_FOLDER, "DA3_SET_backend=null",
                                         "DA3_CACHE_DIR=" + in("cache").string(), "RUN=" + run, variable};
#ifdef DA3_TEST_PREFETCH
    environment.push_back("FAULTY_PREFETCH=" DA3_TEST_PREFETCH);
#endif
    return run_program("/bin/sh", {"-c", command}, {.environment = environment, .folder = folder_.path()});
  }
  /// The same in a mount namespace of its own, where out/ is a tmpfs with these options. Exit code 77: this
  /// system does not let us.
  ProgramResult in_tmpfs(const std::string& options, const std::string& command) const {
    const std::string apart = ::geteuid() == 0 ? "unshare -m " : "unshare -rm ";
    return shell(apart + "true 2>/dev/null || exit 77; " + apart +
                 "sh -c 'mkdir -p out && mount -t tmpfs -o " + options +
                 " none out 2>/dev/null || exit 77; " + command + "'");
  }
  /// The error that ends the run is told once; a line before it may say at which scene.
  static void expect_one_error(const ProgramResult& result, const std::string& why) {
    const size_t error = result.err.find("da3-host: error: ");
    ASSERT_NE(error, std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("da3-host: error: ", error + 1), std::string::npos) << result.err;
    EXPECT_EQ(lines(result.err.substr(error)), 1u) << result.err;
    EXPECT_LE(lines(result.err), 2u) << result.err;
    EXPECT_THAT(result.err.substr(error), HasSubstr(why));
  }
  /// Lines of "find -printf '%s %p\n'": name and size.
  static std::map<std::string, uintmax_t> listed(const std::string& text) {
    std::map<std::string, uintmax_t> files;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const size_t space = line.find(' ');
      if (space != std::string::npos && line.find("out/") == space + 1)
        files[line.substr(space + 1)] = std::stoull(line.substr(0, space));
    }
    return files;
  }
};

#ifdef __linux__

TEST_F(OutputFaults, AFullDiskEndsTheRunAndItGoesOnWhereThereIsRoom) {
  const auto result =
      in_tmpfs("size=2m",
               "$RUN -q; code=$?; find out -type f -printf \"%s %p\\n\"; test $code = 4 || exit $code; "
               "mount -o remount,size=20m out && $RUN --resume -q >/dev/null && "
               "find out -name 0000.bin | wc -l");
  if (result.exit_code == not_possible) GTEST_SKIP() << "no tmpfs may be mounted here";
  EXPECT_EQ(result.exit_code, 0) << result.err;
  expect_one_error(result, "0000.bin\" failed: No space left on device; make room");
  size_t whole = 0;
  for (const auto& [name, bytes] : listed(result.out)) {
    if (!name.ends_with("0000.bin")) {
      EXPECT_THAT(name, AnyOf("out/items.jsonl", "out/run.json"));
      continue;
    }
    EXPECT_EQ(bytes, depth_bytes) << name;
    ++whole;
  }
  EXPECT_EQ(whole, 2u) << result.out;
  EXPECT_THAT(result.out, testing::EndsWith("6\n"));
}

TEST_F(OutputFaults, AReadOnlyDiskIsToldBeforeTheModelIsLoaded) {
  const auto result = in_tmpfs("ro", "$RUN --progress plain");
  if (result.exit_code == not_possible) GTEST_SKIP() << "no tmpfs may be mounted here";
  EXPECT_ONE_SENTENCE(result, 4);
  EXPECT_THAT(result.err, AllOf(HasSubstr("\"out\""), HasSubstr("Read-only file system")));
}

#endif

TEST_F(OutputFaults, ALimitOnFilesIsToldWithTheFile) {
  const auto result = shell("ulimit -f 200 && $RUN -q");
  EXPECT_EQ(result.exit_code, 4);
  expect_one_error(result, "0000.bin\" failed: File too large");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(in("out"))) {
    if (entry.is_directory()) continue;
    EXPECT_EQ(entry.path().filename(), "items.jsonl");
  }
}

TEST_F(OutputFaults, AFolderWithoutPermissionIsToldBeforeTheModelIsLoaded) {
  std::string somebody;
  if (::geteuid() == 0) {  // who may write everywhere
    somebody = "setpriv --reuid 65534 --regid 65534 --clear-groups ";
    if (shell(somebody + "true 2>/dev/null").exit_code != 0) GTEST_SKIP() << "no setpriv";
    std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  }
  for (const char* prepare : {"mkdir out; chmod 555 out; ", "mkdir shut; chmod 555 shut; cd shut; "}) {
    const auto result = shell(prepare + somebody + "$RUN --progress plain");
    EXPECT_ONE_SENTENCE(result, 4);
    EXPECT_THAT(result.err, HasSubstr("Permission denied; choose another output folder"));
  }
}

TEST_F(OutputFaults, AFolderThatGoesAwayEndsTheRunAndIsNotMadeAgain) {
  const auto result = shell(
      "$RUN -q & run=$!; while ! [ -e out/a/raw/0000.bin ] && kill -0 $run; do sleep 0.02; done; "
      "mv out gone; wait $run",
      "FAULTY_RUN_MS=300");
  EXPECT_EQ(result.exit_code, 4);
  expect_one_error(result, "\"out");
  EXPECT_FALSE(there("out"));
  EXPECT_TRUE(there("gone/a/raw/0000.bin"));
  EXPECT_FALSE(there("gone/f"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(in("gone"))) {
    if (!entry.is_regular_file() || entry.path().filename() == "items.jsonl") continue;
    EXPECT_EQ(entry.file_size(), depth_bytes) << entry.path();
  }
}

}  // namespace
}  // namespace da3::test
