// SPDX-License-Identifier: Apache-2.0
#include "scenes/item_log.hpp"

#include <cerrno>
#include <cstring>
#include <da3/error.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "inputs/input_files.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// A file as it is now; state: null where it cannot be looked at.
Json identity(const fs::path& file) {
  std::error_code failed;
  Json json{{"path", fs::absolute(file, failed).string()}, {"state", nullptr}};
  const auto size = fs::file_size(file, failed);
  if (failed) return json;
  const auto changed = fs::last_write_time(file, failed);
  if (!failed) json["state"] = {{"bytes", size}, {"changed", changed.time_since_epoch().count()}};
  return json;
}

/// The files that a scene's entry names, as they are now, by names below the folder, which may be moved; null
/// where one is not there.
Json outputs_now(const fs::path& folder, const Json& scene) {
  if (!scene.is_object() || !scene.contains("outputs") || !scene["outputs"].is_array()) return nullptr;
  Json outputs = Json::array();
  for (const Json& output : scene["outputs"]) {
    if (!output.is_string()) return nullptr;
    const Json state = identity(folder / output.get<std::string>())["state"];
    if (state.is_null()) return nullptr;
    outputs.push_back({{"path", output}, {"state", state}});
  }
  return outputs;
}

std::string scene_key(const Scene& scene, const std::string& settings) {
  Json inputs = Json::array();
  for (const fs::path& file : scene.files) inputs.push_back(identity(file));
  return dump({{"folder", scene.folder.string()}, {"inputs", std::move(inputs)}, {"settings", settings}});
}

[[noreturn]] void fail(const char* doing, const fs::path& file) {
  throw Error(DA3_E_NOT_FOUND,
              std::string(doing) + " \"" + file.string() + "\" failed: " + std::strerror(errno) +
                  "; check the folder and the disk",
              0, -1, errno);
}

}  // namespace

std::string result_sources(const fs::path& model, const fs::path& poses) {
  std::vector<fs::path> files;
  for (const char* name : model_file_names) files.push_back(model / name);
  std::error_code ignored;
  if (fs::is_directory(poses, ignored)) {
    const auto read = colmap_files(poses, {"cameras", "images"});  // the pictures are inputs
    files.insert(files.end(), read.begin(), read.end());
  } else if (!poses.empty()) {
    files.push_back(poses);
  }
  Json sources = Json::array();
  for (const fs::path& file : files) sources.push_back(identity(file));
  return dump(sources);
}

std::string result_settings(const RunReport& report, const Profile& profile) {
  std::string text = report.version + "\n" + report.backend + "\n" +
                     fs::absolute(report.model_path).string() + "\n" + std::to_string(report.process_res) +
                     "\n";
  for (const PlanEntry& entry : report.settings) {
    if (entry.key == "input" || entry.key == "output" || entry.key == "log.level") continue;
    if (const Setting* said = profile.find(entry.key)) text += entry.key + "=" + said->value + "\n";
  }
  return text;
}

ItemLog::ItemLog(fs::path file, std::string settings, bool resume)
    : file_(std::move(file)), settings_(std::move(settings)), keep_(resume) {
  std::error_code ignored;
  if (!resume || !fs::exists(file_, ignored)) return;
  errno = 0;
  std::ifstream in(file_, std::ios::binary);
  if (!in) fail("reading", file_);
  for (std::string line; std::getline(in, line);) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("key") || !json.contains("scene")) continue;
    if (!json.contains("outputs")) continue;  // of a version that did not write them down
    if (json["key"].is_string())
      done_[json["key"].get<std::string>()] = {dump(json["outputs"]), dump(json["scene"])};
  }
}

std::optional<std::string> ItemLog::find(const Scene& scene) const {
  if (done_.empty()) return std::nullopt;
  const auto found = done_.find(scene_key(scene, settings_));
  if (found == done_.end()) return std::nullopt;
  const auto& [outputs, scene_json] = found->second;
  const Json now = outputs_now(file_.parent_path(), Json::parse(scene_json, nullptr, false));
  if (now.is_null() || dump(now) != outputs) return std::nullopt;
  return scene_json;
}

void ItemLog::open() {
  errno = 0;
  std::error_code ignored;
  fs::create_directories(file_.parent_path(), ignored);
  out_.open(file_, std::ios::binary | (keep_ ? std::ios::app : std::ios::trunc));
  if (!out_) fail("writing", file_);
  if (keep_) out_ << "\n";  // after a line that was cut off
}

void ItemLog::add(const Scene& scene, const std::string& scene_json) {
  if (!out_.is_open()) open();
  const Json json = Json::parse(scene_json);
  const Json line{{"key", scene_key(scene, settings_)},
                  {"outputs", outputs_now(file_.parent_path(), json)},
                  {"scene", json}};
  errno = 0;
  out_ << dump(line) << "\n" << std::flush;
  if (!out_) fail("writing", file_);
}

DoneBefore done_before(const ItemLog& items) {
  return [&items](const Scene& scene) -> std::optional<SceneReport> {
    const auto entry = items.find(scene);
    if (!entry) return std::nullopt;
    SceneReport report;
    report.scene = scene;
    report.recorded = *entry;
    return report;
  };
}

}  // namespace da3::host
