// SPDX-License-Identifier: Apache-2.0
// What is left when a format cannot be written to its end.
#include "io/every_format.hpp"

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

namespace da3::io {
namespace {

using test::every_format;
using test::expect_error;
using test::PlainScene;
using test::TempDir;

TEST(FormatFaults, a_full_disk_leaves_nothing_behind) {
  const PlainScene scene;
  const ExportOptions options = test::options_with_videos();
  for (const std::string& format : every_format()) {
    const TempDir dir;
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit now{500, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
    expect_error(DA3_E_NOT_FOUND, "too large",
                 [&] { export_prediction({format}, dir.path(), scene.prediction, options); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    EXPECT_THAT(test::files_below(dir.path()), testing::IsEmpty()) << format;
  }
}

TEST(FormatFaults, no_permission_is_one_clear_error) {
  const PlainScene scene;
  const ExportOptions options = test::options_with_videos();
  const TempDir dir;
  fs::create_directories(dir / "shut");
  fs::permissions(dir / "shut", fs::perms::owner_read | fs::perms::owner_exec);
  fs::permissions(dir.path(), fs::perms::owner_all | fs::perms::others_exec);
  if (options.video_library) options.video_library();  // opened by who may read it
  const test::Unprivileged somebody;
  for (const std::string& format : every_format())
    EXPECT_EQ(expect_error(DA3_E_NOT_FOUND, "ermission",
                           [&] { export_prediction({format}, dir / "shut", scene.prediction, options); })
                  .native(),
              EACCES)
        << format;
}

/// A process that is killed while it writes: SIGXFSZ, not ignored, kills it in the middle of a file.
TEST(FormatFaults, killed_in_the_middle_leaves_no_final_name) {
  const PlainScene scene;
  const ExportOptions options = test::options_with_videos();
  for (const std::string& format : every_format()) {
    const TempDir dir;
    const pid_t child = ::fork();
    if (child == 0) {
      const rlimit none{0, 0}, now{500, 500};
      ::setrlimit(RLIMIT_CORE, &none);
      ::setrlimit(RLIMIT_FSIZE, &now);
      std::signal(SIGXFSZ, SIG_DFL);
      try {
        export_prediction({format}, dir.path(), scene.prediction, options);
      } catch (...) {
      }
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << format;
    for (const std::string& name : test::files_below(dir.path()))
      EXPECT_THAT(fs::path(name).filename().string(),
                  testing::AnyOf(testing::StartsWith("."), testing::StartsWith("results.npz.")))
          << format;
  }
}

}  // namespace
}  // namespace da3::io
