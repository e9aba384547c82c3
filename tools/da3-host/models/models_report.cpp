// SPDX-License-Identifier: Apache-2.0
#include "models/models_report.hpp"

#include <algorithm>

#include "models/find_model.hpp"
#include "models/model_name.hpp"

namespace da3::host {
namespace {

LocalEntry read_entry(const LocalModel& model) {
  LocalEntry entry{model, std::nullopt};
  if (!model.problem.empty()) return entry;
  try {
    entry.facts = read_model(model.folder);
  } catch (const Error& error) {
    entry.where.problem = error.message();
  }
  return entry;
}

void add_note(LocalModel& model, const std::string& note) {
  model.note += (model.note.empty() ? "" : "; ") + note;
}

/// A folder may have the name of one model and hold another.
void compare(LocalEntry& entry, std::string_view name) {
  if (entry.facts && entry.facts->name != name)
    add_note(entry.where,
             "it holds " + (entry.facts->name == "unknown" ? "another model" : entry.facts->name));
}

std::optional<LocalEntry> find_local(const std::string& name, const std::vector<SearchFolder>& folders) {
  std::optional<LocalModel> found = find_named(name, folders);
  if (!found) {
    const std::vector<LocalModel> broken = broken_named(name, folders);
    if (broken.empty()) return std::nullopt;
    found = broken.front();
  }
  LocalEntry entry = read_entry(*found);
  compare(entry, name);
  return entry;
}

/// The cache is everybody's: what is none of ours is left out, unless its name says that it should be.
bool belongs_here(const LocalEntry& entry) {
  if (entry.facts || entry.where.place != Place::hub_cache) return true;
  return ModelName(entry.where.name).base.starts_with("da3");
}

/// Only of the cache it is known which repository lies there.
void name_successor(LocalModel& model) {
  if (model.place != Place::hub_cache) return;
  for (const auto& published : checkpoint::published_family())
    if (model.name == published.deprecated)
      add_note(model, "upstream replaced it by " + std::string(published.repository));
}

}  // namespace

ModelsReport models_report(const std::filesystem::path& share) {
  ModelsReport report;
  report.folders = search_models(share);
  std::vector<std::filesystem::path> named;
  for (const auto& published : checkpoint::published_family()) {
    const std::string name(published.name);
    report.family.push_back({&published, published_facts(name), find_local(name, report.folders)});
    if (auto& local = report.family.back().local) {
      name_successor(local->where);
      named.push_back(local->where.folder);
    }
  }
  for (const SearchFolder& folder : report.folders)
    for (const LocalModel& model : folder.models) {
      if (std::find(named.begin(), named.end(), model.folder) != named.end()) continue;
      LocalEntry entry = read_entry(model);
      name_successor(entry.where);
      if (belongs_here(entry)) report.others.push_back(std::move(entry));
    }
  return report;
}

}  // namespace da3::host
