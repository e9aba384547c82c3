// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "printable.hpp"

namespace da3::host {
namespace {

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string row(const char* name, const std::string& value) { return format("%-9s ", name) + value + "\n"; }

std::string policy_text(const RunReport& report) {
  const auto value = [&](std::string_view key) { return value_of(report.policy, key); };
  std::string text = value("effective.precision");
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  if (const auto threads = value("effective.threads"); !threads.empty())
    add(threads + (threads == "1" ? " thread" : " threads"));
  if (const auto mode = value("performance_mode"); !mode.empty()) add(mode);
  if (value("effective.deterministic") == "true") add("deterministic");
  return text.empty() ? "not told by the backend" : text;
}

std::string range_text(const DepthRange& depth) {
  return format("%.4g .. %.4g .. %.4g", static_cast<double>(depth.minimum), static_cast<double>(depth.median),
                static_cast<double>(depth.maximum));
}

std::string views_text(const SceneReport& scene) {
  return format("%lld at %lldx%lld", static_cast<long long>(scene.views), static_cast<long long>(scene.width),
                static_cast<long long>(scene.height));
}

/// The folder of the coloured pictures, when there are any.
std::string pictures(const SceneReport& scene) {
  for (const auto& file : scene.files)
    if (file.extension() == ".jpg") return (file.parent_path() / "").string();
  return {};
}

std::string one_scene(const RunReport& report, const SceneReport& scene) {
  std::string text =
      row("forward", format("%.1f ms", scene.times.forward)) + row("views", views_text(scene)) +
      row("depth", range_text(scene.depth) + " (min .. median .. max, " + report.depth_unit + ")");
  if (const std::string folder = pictures(scene); !folder.empty()) text += row("pictures", folder);
  return text;
}

std::string many_scenes(const RunReport& report) {
  size_t width = 5;
  for (const SceneReport& scene : report.scenes)
    width = std::max(width, width_of(printable(scene.scene.name)));
  const uint64_t failed = scenes_failed(report),
                 all = report.scenes.size() + report.earlier_done + report.earlier_failed;
  const auto pad = [&](const std::string& name) { return padded(printable(name), width + 2); };
  std::string text =
      row("scenes", std::to_string(all - failed) + " done, " + std::to_string(failed) + " failed") + "\n" +
      pad("scene") + "views           forward     depth (min .. median .. max)\n";
  for (const SceneReport& scene : report.scenes) {
    if (!scene.recorded.empty())
      text += pad(scene.scene.name) + "done by an earlier run\n";
    else if (!scene.failure.empty())
      text += pad(scene.scene.name) + "failed: " + printable(scene.failure) + "\n";
    else
      text +=
          pad(scene.scene.name) +
          format("%-15s %-11s ", views_text(scene).c_str(), format("%.1f ms", scene.times.forward).c_str()) +
          range_text(scene.depth) + "\n";
  }
  return text;
}

}  // namespace

uint64_t scenes_failed(const RunReport& report) {
  return report.earlier_failed + static_cast<uint64_t>(std::count_if(
                                     report.scenes.begin(), report.scenes.end(),
                                     [](const SceneReport& scene) { return !scene.failure.empty(); }));
}

DepthRange depth_range(std::span<const float> depth) {
  std::vector<float> values(depth.begin(), depth.end());
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return {*std::min_element(values.begin(), middle + 1), *middle, *std::max_element(middle, values.end())};
}

uint64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return static_cast<uint64_t>(usage.ru_maxrss);
#else
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
#endif
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string value_of(const std::vector<Setting>& settings, std::string_view key) {
  for (const Setting& setting : settings)
    if (setting.key == key) return setting.value;
  return {};
}

std::string depth_unit(const checkpoint::Capabilities& model, bool known, bool in_given_frame) {
  if (in_given_frame) return "the unit of the given poses";
  if (model.metric || (model.metric_by_focal && known)) return "metres";
  if (model.metric_by_focal) return "times focal / 300 is metres, focal in pixels; give --focal or --fov";
  return "relative units";
}

std::string table(const RunReport& report) {
  const std::string name = value_of(report.model, "model.name");
  std::string text = row("device", (report.device.name.empty() ? "" : report.device.name + ", ") +
                                       "backend " + report.backend) +
                     row("policy", policy_text(report)) +
                     row("model", (name.empty() ? "" : name + ", ") + report.model_path.string()) +
                     row("load", format("%.1f ms", report.load_ms));
  if (report.scenes.size() == 1 && report.scenes.front().failure.empty() &&
      report.scenes.front().recorded.empty())
    text += one_scene(report, report.scenes.front());
  else
    text += many_scenes(report);
  text += "\n";
  for (const SceneReport& scene : report.scenes)
    for (const auto& file : scene.files) text += file.string() + "\n";
  return text + (report.output / report.manifest).string() + "\n";
}

}  // namespace da3::host
