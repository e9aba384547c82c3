// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "report.hpp"

namespace da3::host {
namespace {

using Json = nlohmann::ordered_json;

Json key_values(const std::vector<Setting>& settings) {
  Json json = Json::object();
  for (const Setting& setting : settings) json[setting.key] = setting.value;
  return json;
}

Json stages_json(const StageTimes& stages) {
  Json json = Json::object();
  for (const auto& [name, milliseconds] : stages.all()) json[name] = milliseconds;
  return json;
}

Json device_json(const Device& device) {
  Json json{{"name", device.name}, {"arch", device.arch}, {"score", device.score}};
  if (!device.driver.empty()) json["driver"] = device.driver;
  return json;
}

Json plugin_json(const RunReport& report) {
  const PluginInfo& plugin = report.plugin;
  return {{"name", plugin.name},
          {"id", plugin.id},
          {"version", plugin.version},
          {"abi", plugin.abi},
          {"runtime", plugin.runtime_id},
          {"path", plugin.library.string()},
          {"sha256", report.plugin_sha256.empty() ? Json(nullptr) : Json(report.plugin_sha256)},
          {"device", device_json(report.device)}};
}

Json settings_json(const std::vector<PlanEntry>& entries) {
  Json json = Json::array();
  for (const PlanEntry& entry : entries) {
    Json one{{"key", entry.key}, {"value", entry.value}, {"origin", entry.origin}, {"owner", entry.owner}};
    if (!entry.reason.empty()) one["reason"] = entry.reason;
    json.push_back(std::move(one));
  }
  return json;
}

Json scene_json(const RunReport& report, const SceneReport& scene) {
  if (!scene.recorded.empty()) return Json::parse(scene.recorded);
  Json inputs = Json::array();
  for (size_t i = 0; i < scene.scene.files.size(); ++i) {
    Json input{{"path", scene.scene.files[i].string()}};
    if (i < scene.original_sizes.size())
      input["height"] = scene.original_sizes[i][0], input["width"] = scene.original_sizes[i][1];
    if (const auto frame = report.frames.origin.find(scene.scene.files[i]);
        frame != report.frames.origin.end()) {
      input["video"] = frame->second.video.string();
      input["frame"] = frame->second.number;
      input["seconds"] = frame->second.seconds;
    }
    inputs.push_back(std::move(input));
  }
  Json json{{"name", scene.scene.name}, {"ok", scene.failure.empty()}, {"inputs", std::move(inputs)}};
  if (!scene.failure.empty()) {
    json["failure"] = {{"phase", scene.phase}, {"reason", scene.failure}};
    return json;
  }
  for (const SkippedImage& image : scene.skipped)
    json["skipped"].push_back({{"path", image.file.string()}, {"reason", image.reason}});
  Json outputs = Json::array();
  for (const auto& file : scene.files)
    outputs.push_back(file.lexically_relative(report.output).generic_string());
  json["outputs"] = std::move(outputs);
  json["views"] = scene.views;
  json["height"] = scene.height;
  json["width"] = scene.width;
  if (scene.undistorted > 0) json["undistorted"] = scene.undistorted;
  json["depth"] = {
      {"min", scene.depth.minimum}, {"median", scene.depth.median}, {"max", scene.depth.maximum}};
  json["is_metric"] = scene.is_metric;
  json["scale_factor"] = scene.scale_factor ? Json(*scene.scale_factor) : Json(nullptr);
  if (scene.alignment)
    json["alignment"] = {
        {"scale", scene.alignment->scale_known ? Json(scene.alignment->scale) : Json(nullptr)},
        {"frame", scene.alignment->to_given ? "given poses" : "network"},
        {"by", scene.alignment->from_centres ? "camera centres" : "rotations"},
        {"views_used", scene.alignment->inliers}};
  json["batch"] = scene.batch;
  if (report.workers.size() > 1) json["worker"] = scene.worker;
  json["ms"] = {{"decode", scene.times.decode}, {"resize", scene.times.resize},
                {"read", scene.times.read},     {"forward", scene.times.forward},
                {"export", scene.times.output}, {"stages", stages_json(scene.times.stages)}};
  return json;
}

Json times_json(const RunReport& report) {
  SceneTimes sum;
  sum.stages = report.load_stages;
  for (const SceneReport& scene : report.scenes) {
    sum.decode += scene.times.decode, sum.resize += scene.times.resize, sum.read += scene.times.read;
    sum.forward += scene.times.forward, sum.output += scene.times.output;
    sum.stages.add(scene.times.stages);
  }
  return {{"backend", report.backend_ms}, {"load", report.load_ms},   {"decode", sum.decode},
          {"resize", sum.resize},         {"read", sum.read},         {"forward", sum.forward},
          {"export", sum.output},         {"total", report.total_ms}, {"stages", stages_json(sum.stages)}};
}

Json conventions_json(const RunReport& report) {
  return {{"depth", "z-depth, " + report.depth_unit},
          {"confidence", "1 and above; higher is surer"},
          {"extrinsics", "world-to-camera, OpenCV axes (x right, y down, z forward)"},
          {"intrinsics", std::string("pixels of the ") +
                             (report.export_options.original_size ? "image files" : "processed size") +
                             ", pixel centres at integers; colmap: always of the image files"},
          {"maps",
           report.export_options.original_size
               ? "height and width of the inputs, interpolated linearly from height and width of the scene"
               : "height and width of the scene"},
          {"raw", "float32, little endian, height x width, rows from the top, no header"},
          {"points",
           "ply and colmap: world of the extrinsics; glb: the first camera's frame with x right, y up, z "
           "towards the viewer, the median in the origin; gs_ply and gs_video: the network's world and unit"},
          {"times",
           "milliseconds; decode and resize are summed over threads; stages are the backend's own parts of "
           "load and forward"},
          {"memory", "bytes"}};
}

/// Each with its device and the scenes that it did.
Json workers_json(const RunReport& report) {
  Json json = Json::array();
  for (size_t i = 0; i < report.workers.size(); ++i) {
    const auto done =
        std::count_if(report.scenes.begin(), report.scenes.end(),
                      [&](const SceneReport& scene) { return scene.worker == i && scene.failure.empty(); });
    json.push_back(
        {{"device", report.workers[i].device}, {"index", report.workers[i].index}, {"scenes", done}});
  }
  return json;
}

std::string pretty(const Json& json) {
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The document with its scenes, each made into text by itself: as values, thousands would need many
/// times the memory of the text.
std::string with_scenes(std::string text, const RunReport& report) {
  if (report.scenes.empty()) return text;
  // Within strings a line end is written "\\n": this is the member and nothing else.
  const std::string member = "\n \"scenes\": ";
  const size_t begin = text.find(member + "null") + member.size();
  const std::string rest = text.substr(begin + std::string("null").size());
  text.resize(begin);
  for (size_t i = 0; i < report.scenes.size(); ++i) {
    text += i == 0 ? "[\n  " : ",\n  ";
    for (const char c : pretty(scene_json(report, report.scenes[i]))) {
      text += c;
      if (c == '\n') text += "  ";
    }
  }
  return text + "\n ]" + rest;
}

}  // namespace

std::string scene_entry(const RunReport& report, const SceneReport& scene) {
  return scene_json(report, scene).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string run_json(const RunReport& report) {
  Json model = key_values(report.model);
  model["path"] = report.model_path.string();
  // Keys of model_describe win: a plugin that hashes its own format knows better.
  if (!report.model_sha256.empty() && model.value("model.sha256", "").empty())
    model["model.sha256"] = report.model_sha256;
  const Json json{
      {"schema", "da3.run/1"},
      {"tool", {{"name", "da3-host"}, {"version", report.version}, {"images", report.image_libraries}}},
      {"started", report.started},
      {"exit_status", report.exit_status},
      {"plugin", plugin_json(report)},
      {"model", std::move(model)},
      {"policy", key_values(report.policy)},
      {"mode", report.mode},
      {"process_res", report.process_res},
      {"process_res_method", report.process_res_method},
      {"poses", report.poses.empty() ? Json(nullptr) : Json(report.poses.string())},
      {"settings", settings_json(report.settings)},
      {"conventions", conventions_json(report)},
      {"ms", times_json(report)},
      {"peak_memory", report.peak_memory},
      {"workers", workers_json(report)},
      {"items_failed", scenes_failed(report)},
      {"scenes", report.scenes.empty() ? Json::array() : Json(nullptr)},
      {"warnings", report.warnings}};
  return with_scenes(pretty(json), report) + "\n";
}

}  // namespace da3::host
