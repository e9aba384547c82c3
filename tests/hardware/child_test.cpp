// SPDX-License-Identifier: Apache-2.0
// Children that misbehave, and what is left of them.
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "hardware/child.hpp"
#include "support/temporary_folder.hpp"

namespace da3::hardware {
namespace {

using namespace std::chrono_literals;
using test::TemporaryFolder;
using testing::HasSubstr;

constexpr auto plenty = 20s;

ChildEnd shell(const std::string& script, std::chrono::milliseconds limit = plenty) {
  return run_child("/bin/sh", {"-c", script}, limit);
}

TEST(Child, AnswersOnItsOwnDescriptor) {
  const ChildEnd end = shell("echo printed; echo shouted >&2; echo answered >&3");
  EXPECT_EQ(end.answer, "answered\n");
  EXPECT_THAT(end.output, HasSubstr("printed"));
  EXPECT_THAT(end.output, HasSubstr("shouted"));
  EXPECT_EQ(end.trouble(plenty), "");
}

TEST(Child, ReadsNothingFromThisProgramsInput) { EXPECT_EQ(shell("cat >&3").answer, ""); }

TEST(Child, TellsHowItEnded) {
  EXPECT_EQ(shell("exit 3").trouble(plenty), "left with exit status 3");
  EXPECT_EQ(shell("kill -SEGV $$").trouble(plenty), "crashed (SIGSEGV)");
  EXPECT_EQ(shell("kill -ABRT $$").trouble(plenty), "crashed (SIGABRT)");
  EXPECT_EQ(run_child("/nonexistent/program", {}, plenty).trouble(plenty),
            "could not be started: No such file or directory");
  EXPECT_THAT(run_child("/etc/passwd", {}, plenty).failure, HasSubstr("denied"));
}

TEST(Child, AHangIsCutOffAndWhatItSaidIsKept) {
  const ChildEnd end = shell("echo half >&3; sleep 1000", 500ms);
  EXPECT_TRUE(end.timed_out);
  EXPECT_FALSE(end.stuck);
  EXPECT_EQ(end.answer, "half\n");
  EXPECT_EQ(end.trouble(500ms), "did not answer within 0.5 s");
}

TEST(Child, GrandchildrenThatHoldThePipesAreNotWaitedFor) {
  const TemporaryFolder folder;
  const auto note = folder.path() / "pid";
  const ChildEnd end = shell("sleep 1000 & echo $! > " + note.string() + "; echo done >&3");
  EXPECT_EQ(end.answer, "done\n");
  EXPECT_EQ(end.trouble(plenty), "");
  pid_t left = 0;
  std::ifstream(note) >> left;
  ASSERT_GT(left, 0);
  // Killed with its group; init may take a moment to bury it.
  for (int i = 0; i < 500 && kill(left, 0) == 0; ++i) {
    std::ifstream stat("/proc/" + std::to_string(left) + "/stat");
    std::string text;
    std::getline(stat, text);
    if (text.find(") Z") != std::string::npos) break;
    ASSERT_LT(i, 499) << "still there: " << text;
    usleep(10000);
  }
}

TEST(Child, AFloodIsCutToItsEnd) {
  const ChildEnd end = shell("head -c 300000 /dev/zero | tr '\\0' x; echo last words");
  EXPECT_LE(end.output.size(), 4096u);
  EXPECT_THAT(end.output, testing::EndsWith("last words\n"));
}

TEST(Child, ManyLeaveNoDescriptors) {
  const auto descriptors = [] {
    const int next = dup(0);
    close(next);
    return next;
  };
  const int before = descriptors();
  for (int i = 0; i < 20; ++i) shell("exit 0");
  EXPECT_EQ(descriptors(), before);
}

#ifdef __linux__
TEST(Child, InheritsNoDescriptorsOfThisProgram) {
  const TemporaryFolder folder;
  const auto file = folder.write("secret", "x");
  FILE* open_file = fopen(file.c_str(), "r");  // without close-on-exec
  ASSERT_TRUE(open_file);
  const ChildEnd end = shell("ls -l /proc/$$/fd >&3");
  EXPECT_THAT(end.answer, testing::Not(HasSubstr("secret")));
  fclose(open_file);
}
#endif

TEST(Child, WorksWhereThisProgramIgnoresItsChildren) {
  const auto before = signal(SIGCHLD, SIG_IGN);
  const ChildEnd end = shell("echo here >&3");
  signal(SIGCHLD, before);
  EXPECT_EQ(end.answer, "here\n");
  EXPECT_EQ(end.trouble(plenty), "");
}

TEST(Child, IgnoredAndBlockedSignalsAreNotHandedDown) {
  const auto before = signal(SIGPIPE, SIG_IGN);
  const ChildEnd end = shell("kill -PIPE $$; echo survived >&3");
  signal(SIGPIPE, before);
  EXPECT_EQ(end.trouble(plenty), "crashed (SIGPIPE)");
}

}  // namespace
}  // namespace da3::hardware
