// SPDX-License-Identifier: Apache-2.0
#include "models/hub_cache.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace da3::host {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view entry_prefix = "models--";

fs::path cache_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return fs::path(value ? value : "");
  };
  if (const fs::path hub = variable("HF_HUB_CACHE"); !hub.empty()) return hub;
  if (const fs::path home = variable("HF_HOME"); !home.empty()) return home / "hub";
  if (const fs::path xdg = variable("XDG_CACHE_HOME"); !xdg.empty()) return xdg / "huggingface" / "hub";
  if (const fs::path home = variable("HOME"); !home.empty()) return home / ".cache" / "huggingface" / "hub";
  return {};
}

/// "owner/name" of "models--owner--name".
std::string repository_of(const fs::path& entry) {
  std::string name = entry.filename().string().substr(entry_prefix.size());
  if (const size_t dashes = name.find("--"); dashes != name.npos) name.replace(dashes, 2, "/");
  return name;
}

/// The commit in refs/main, "" when there is none. A name that would lead out of snapshots/ is none.
std::string main_commit(const fs::path& entry) {
  std::ifstream file(entry / "refs" / "main", std::ios::binary);
  std::string text;
  file >> text;
  const bool name = text.size() <= 128 && text != "." && text != ".." && text.find('/') == text.npos;
  return name ? text : "";
}

std::vector<fs::path> newest_first(const fs::path& snapshots) {
  std::vector<std::pair<fs::file_time_type, fs::path>> dated;
  std::error_code error, ignored;
  for (fs::directory_iterator one(snapshots, error), end; !error && one != end; one.increment(error))
    if (one->is_directory(ignored)) dated.emplace_back(one->last_write_time(ignored), one->path());
  std::sort(dated.rbegin(), dated.rend());
  std::vector<fs::path> list;
  for (auto& [time, path] : dated) list.push_back(std::move(path));
  return list;
}

LocalModel read_entry(const fs::path& entry) {
  LocalModel model{Place::hub_cache, repository_of(entry), entry};
  const fs::path snapshots = entry / "snapshots";
  std::error_code ignored;
  if (const std::string commit = main_commit(entry); !commit.empty()) {
    model.folder = snapshots / commit;
    model.problem = fs::is_directory(model.folder, ignored)
                        ? checkpoint_problem(model.folder)
                        : "its refs/main names the snapshot " + commit + ", which is not there";
    return model;
  }
  const std::vector<fs::path> all = newest_first(snapshots);
  if (all.empty()) {
    model.problem = "it has no snapshot";
    return model;
  }
  const auto whole = std::find_if(all.begin(), all.end(),
                                  [](const fs::path& one) { return checkpoint_problem(one).empty(); });
  model.folder = whole == all.end() ? all.front() : *whole;
  model.problem = checkpoint_problem(model.folder);
  if (model.problem.empty() && all.size() > 1)
    model.note = "the newest whole one of " + std::to_string(all.size()) +
                 " snapshots, because no refs/main names one";
  return model;
}

}  // namespace

SearchFolder search_hub_cache() {
  SearchFolder search{Place::hub_cache, cache_folder()};
  std::error_code error, ignored;
  if (search.folder.empty()) {
    search.problem = "neither HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME nor HOME says where it is";
    return search;
  }
  if (search.folder.is_relative()) {
    search.problem = "it is not absolute and is ignored; give the whole path";
    return search;
  }
  if (!fs::is_directory(search.folder, ignored)) {
    search.problem = "there is no such folder";
    return search;
  }
  for (fs::directory_iterator one(search.folder, error), end; !error && one != end; one.increment(error))
    if (one->path().filename().string().starts_with(entry_prefix) && one->is_directory(ignored))
      search.models.push_back(read_entry(one->path()));
  if (error) search.problem = "it cannot be read: " + error.message();
  std::sort(search.models.begin(), search.models.end(),
            [](const LocalModel& a, const LocalModel& b) { return a.name < b.name; });
  return search;
}

}  // namespace da3::host
