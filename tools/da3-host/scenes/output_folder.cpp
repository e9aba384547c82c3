// SPDX-License-Identifier: Apache-2.0
#include "scenes/output_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "exit_code.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail(const fs::path& output, const std::string& why, int native = 0) {
  throw PhaseError(Phase::output,
                   Error(DA3_E_NOT_FOUND, "writing the results to \"" + output.string() + "\" failed: " + why,
                         0, -1, native));
}

}  // namespace

void check_output_folder(const fs::path& output) {
  std::error_code failed;
  fs::path there = fs::absolute(output, failed).lexically_normal();
  while (!fs::exists(there, failed) && there.has_relative_path()) there = there.parent_path();
  if (failed) return;  // told by whoever writes
  const bool made = fs::equivalent(there, output, failed);
  if (!fs::is_directory(there, failed))
    fail(output, (made ? "it" : "\"" + there.string() + "\"") +
                     " is a file, not a folder; choose another output folder");
  if (::access(there.c_str(), W_OK | X_OK) == 0) return;
  const int why = errno;
  fail(output,
       (made ? "" : "in \"" + there.string() + "\": ") + std::generic_category().message(why) +
           "; choose another output folder",
       why);
}

void OutputFolder::check() {
  struct stat now {};
  const bool there = ::stat(path_.c_str(), &now) == 0;
  const int why = there ? 0 : errno;
  const std::lock_guard lock(mutex_);
  if (!device_) {
    if (there) device_ = static_cast<uint64_t>(now.st_dev);
    return;
  }
  if (!there && why != ENOENT) return;  // whoever writes tells it better
  if (!there || static_cast<uint64_t>(now.st_dev) != *device_)
    fail(path_,
         "the folder is gone, removed or unmounted while the run went on; bring it back and go on with "
         "--resume, or choose another output folder",
         why);
}

}  // namespace da3::host
