// SPDX-License-Identifier: Apache-2.0
#include "live/folder_watch.hpp"

#include <da3/error.hpp>
#include <da3/io/file_names.hpp>

namespace da3::host {
namespace fs = std::filesystem;

std::vector<fs::path> FolderWatch::look() {
  std::error_code failed;
  const std::vector<fs::path> entries = io::visible_entries(folder_, failed);
  if (failed)
    throw Error(DA3_E_NOT_FOUND,
                "watching the folder \"" + folder_.string() + "\" failed: " + failed.message() +
                    "; check the path and its permissions",
                0, -1, failed.value());
  std::vector<fs::path> ready;
  std::map<fs::path, State> now;
  for (const fs::path& file : entries) {
    if (!io::has_image_name(file)) continue;
    std::error_code size_failed, time_failed, type_failed;
    State state{fs::file_size(file, size_failed), fs::last_write_time(file, time_failed), false};
    // Gone again, or no file: somebody's own business.
    if (size_failed || time_failed || !fs::is_regular_file(file, type_failed)) continue;
    if (const auto before = known_.find(file); before != known_.end() && before->second.same_as(state)) {
      // An empty file has been made and not been written.
      if (!before->second.told && state.size > 0) ready.push_back(file);
      state.told = state.size > 0;
    }
    now.emplace(file, state);
  }
  known_ = std::move(now);
  return ready;
}

}  // namespace da3::host
