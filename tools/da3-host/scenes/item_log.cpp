// SPDX-License-Identifier: Apache-2.0
#include "scenes/item_log.hpp"

#include <cerrno>
#include <cstring>
#include <da3/error.hpp>
#include <nlohmann/json.hpp>

namespace da3::host {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// A file as it is now; a file that cannot be looked at is like no other.
Json identity(const fs::path& file) {
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  const auto changed = fs::last_write_time(file, failed);
  if (failed) return {{"path", file.string()}};
  return {{"path", fs::absolute(file).string()},
          {"bytes", size},
          {"changed", changed.time_since_epoch().count()}};
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
    if (json["key"].is_string()) done_[json["key"].get<std::string>()] = dump(json["scene"]);
  }
}

std::optional<std::string> ItemLog::find(const Scene& scene) const {
  if (done_.empty()) return std::nullopt;
  const auto found = done_.find(scene_key(scene, settings_));
  if (found == done_.end()) return std::nullopt;
  const Json json = Json::parse(found->second, nullptr, false);
  if (!json.is_object() || !json.contains("outputs") || !json["outputs"].is_array()) return std::nullopt;
  for (const Json& output : json["outputs"]) {
    std::error_code ignored;
    if (!output.is_string() || !fs::is_regular_file(file_.parent_path() / output.get<std::string>(), ignored))
      return std::nullopt;
  }
  return found->second;
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
  const Json line{{"key", scene_key(scene, settings_)}, {"scene", Json::parse(scene_json)}};
  errno = 0;
  out_ << dump(line) << "\n" << std::flush;
  if (!out_) fail("writing", file_);
}

}  // namespace da3::host
