// SPDX-License-Identifier: Apache-2.0
#include "models/find_model.hpp"

#include <algorithm>
#include <da3/error.hpp>
#include <da3/log.hpp>
#include <da3/option_type.hpp>

#include "checkpoint/model_config.hpp"
#include "models/model_name.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// Neither absolute nor with "." or "..": those are places, not names.
bool is_name(const fs::path& path) {
  return !path.empty() && path.is_relative() &&
         std::none_of(path.begin(), path.end(),
                      [](const fs::path& part) { return part.empty() || part == "." || part == ".."; });
}

fs::path folder_of(const fs::path& path) {
  if (path.filename() != "model.safetensors") return path;
  return path.has_parent_path() ? path.parent_path() : ".";
}

std::string last_part(const std::string& name) { return name.substr(name.rfind('/') + 1); }

const checkpoint::PublishedModel* published_as(const std::string& name) {
  for (const checkpoint::PublishedModel& published : checkpoint::published_family())
    if (published.name == checkpoint::canonical_name(name)) return &published;
  return nullptr;
}

/// Up to three names of whole models that look most like the wanted one. The name of a published model is no
/// slip of another's: then only those that differ in owner or version.
std::string nearest(const std::string& wanted, const std::vector<SearchFolder>& folders) {
  const std::string base = ModelName(wanted).base;
  const size_t limit = published_as(wanted) ? 0 : std::max<size_t>(2, base.size() / 3);
  std::vector<std::pair<size_t, std::string>> near;
  for (const SearchFolder& folder : folders)
    for (const LocalModel& model : folder.models) {
      const size_t distance = option_type::distance(base, ModelName(model.name).base);
      if (model.problem.empty() && distance <= limit) near.emplace_back(distance, model.name);
    }
  std::sort(near.begin(), near.end());
  near.erase(std::unique(near.begin(), near.end()), near.end());
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(near.size(), 3); ++i)
    text += (i == 0 ? "" : ", ") + ("\"" + near[i].second + "\"");
  return text;
}

std::string places(const std::vector<SearchFolder>& folders) {
  std::string text;
  for (const SearchFolder& search : folders) {
    text += ", " + std::string(place_title(search.place));
    if (search.folder.empty()) continue;
    text += " (" + search.folder.string() + (search.folder.is_relative() ? ", which is ignored)" : ")");
  }
  if (folders.front().place != Place::model_path) text = ", DA3_MODEL_PATH (not set)" + text;
  return text.substr(2);
}

[[noreturn]] void not_found(const std::string& name, const std::vector<SearchFolder>& folders) {
  std::string why = "there is no such file or folder, and no such model in " + places(folders);
  for (const LocalModel& broken : broken_named(name, folders))
    why += "; " + broken.folder.string() + " is skipped, because " + broken.problem;
  std::string remedy = nearest(name, folders);
  if (!remedy.empty()) remedy = "did you mean " + remedy + "? Else ";
  if (const auto* published = published_as(name))
    remedy += "fetch " + std::string(published->repository) + " and ";
  throw Error(DA3_E_NOT_FOUND,
              "loading the model \"" + name + "\" failed: " + why + "; " + remedy +
                  "give --model the folder that holds model.safetensors and config.json, or a name that "
                  "\"da3-host models\" lists");
}

/// A file system without letter case finds "DA3-BASE" as "da3-base": that is not exactly the name.
bool has_exactly(const SearchFolder& search, const std::string& name) {
  // Repositories of the cache have other names than its folders.
  if (search.place == Place::hub_cache || search.folder.is_relative() || !is_there(search.folder / name))
    return false;
  const auto is_named = [&](const LocalModel& model) { return model.name == name; };
  const auto is_same = [&](const LocalModel& model) {
    std::error_code ignored;
    return fs::equivalent(model.folder, search.folder / name, ignored);
  };
  return std::any_of(search.models.begin(), search.models.end(), is_named) ||
         std::none_of(search.models.begin(), search.models.end(), is_same);
}

std::optional<LocalModel> find_in(const SearchFolder& search, const std::string& name) {
  if (has_exactly(search, name)) {
    const fs::path folder = folder_of(search.folder / name);
    return LocalModel{search.place, name, folder, checkpoint_problem(folder)};
  }
  const ModelName wanted(name);
  const auto rank = [&](const LocalModel& model) { return last_part(model.name) == last_part(name); };
  const LocalModel* best = nullptr;
  for (const LocalModel& model : search.models) {
    if (!model.problem.empty() || !ModelName(model.name).answers(wanted)) continue;
    if (!best || rank(model) > rank(*best) ||
        (rank(model) == rank(*best) &&
         version_less(ModelName(best->name).version, ModelName(model.name).version)))
      best = &model;
  }
  return best ? std::optional(*best) : std::nullopt;
}

}  // namespace

std::optional<LocalModel> find_named(const std::string& name, const std::vector<SearchFolder>& folders) {
  if (!is_name(name)) return std::nullopt;
  for (const SearchFolder& search : folders)
    if (auto found = find_in(search, name)) return found;
  return std::nullopt;
}

std::vector<LocalModel> broken_named(const std::string& name, const std::vector<SearchFolder>& folders) {
  std::vector<LocalModel> list;
  for (const SearchFolder& search : folders)
    for (const LocalModel& model : search.models)
      if (!model.problem.empty() && ModelName(model.name).answers(ModelName(name))) list.push_back(model);
  return list;
}

fs::path find_model(const std::string& text, const fs::path& path, const fs::path& share) {
  if (is_there(path)) return folder_of(path);
  if (!is_name(text))
    throw Error(DA3_E_NOT_FOUND,
                "loading the model \"" + path.string() +
                    "\" failed: there is no such file or folder; give --model the folder that holds "
                    "model.safetensors and config.json, or a name that \"da3-host models\" lists");
  const std::vector<SearchFolder> folders = search_models(share);
  for (const SearchFolder& search : folders)
    if (!search.folder.empty() && search.folder.is_relative())
      log(LogLevel::warn,
          std::string(place_title(search.place)) + ": " + search.folder.string() + ": " + search.problem);
  const std::optional<LocalModel> found = find_named(text, folders);
  if (!found) not_found(text, folders);
  if (!found->note.empty())
    log(LogLevel::warn, "--model " + text + ": " + found->folder.string() + " is " + found->note);
  return found->folder;
}

}  // namespace da3::host
