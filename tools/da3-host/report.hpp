// SPDX-License-Identifier: Apache-2.0
// What a run did, as values; and as the table on stdout and the file run.json.
#pragma once

#include <array>
#include <cstdint>
#include <da3/da3.hpp>
#include <da3/io/export.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/capabilities.hpp"
#include "inputs/video_frames.hpp"
#include "scenes/scene_list.hpp"
#include "stage_times.hpp"

namespace da3::host {

/// Milliseconds; decode and resize are summed over the threads that read images.
struct SceneTimes {
  double decode = 0, resize = 0, read = 0, forward = 0, output = 0;
  StageTimes stages;  ///< parts of forward, as the backend reports them
};

struct DepthRange {
  float minimum = 0, median = 0, maximum = 0;
};

/// How a prediction was brought together with given poses.
struct AlignmentReport {
  double scale = 1;         ///< prediction's unit per unit of the given poses
  bool scale_known = true;  ///< false: poses in one place do not tell it; depth is left in the network's unit
  bool to_given = true;     ///< results are in the frame and unit of the given poses
  bool from_centres = true;  ///< by the camera centres; false: they do not tell, so by the rotations
  int64_t inliers = 0;       ///< views that the fit used
};

/// An image that could not be read while others of its scene could.
struct SkippedImage {
  std::filesystem::path file;
  std::string reason;
};

struct SceneReport {
  Scene scene;
  std::string recorded;  ///< its entry of run.json, from the run that did it; empty: this run did
  std::vector<SkippedImage> skipped;
  std::string failure;                                 ///< empty: done
  std::string phase;                                   ///< of the failure
  std::vector<std::array<int64_t, 2>> original_sizes;  ///< {height, width}
  int64_t views = 0, height = 0, width = 0;
  int64_t undistorted = 0;  ///< views whose lens's distortion was taken out
  size_t worker = 0;        ///< which of RunReport::workers ran it
  int64_t batch = 1;        ///< scenes that ran together with it, itself counted
  bool is_metric = false;
  std::optional<double> scale_factor;  ///< nested models: what depth and poses were multiplied by
  std::optional<AlignmentReport> alignment;
  DepthRange depth;
  SceneTimes times;
  std::vector<std::filesystem::path> files;
};

/// A device that scenes were spread over.
struct WorkerReport {
  std::string device;
  int32_t index = 0;  ///< dl_id
};

struct RunReport {
  std::filesystem::path output;
  std::filesystem::path manifest = "run.json";    ///< below output; shards have names of their own
  std::string version, image_libraries, started;  ///< started: ISO 8601, UTC
  PluginInfo plugin;
  Device device;
  std::string backend;
  std::string plugin_sha256, model_sha256;  ///< of the files that were loaded; empty: not known
  std::filesystem::path model_path;
  std::vector<Setting> model;   ///< model_describe
  std::vector<Setting> policy;  ///< Engine::describe
  std::vector<PlanEntry> settings;
  std::string mode, process_res_method;
  std::string depth_unit;       ///< of all scenes: "metres", "relative units", ...
  std::filesystem::path poses;  ///< empty: none were given
  io::ExportOptions export_options;
  int64_t process_res = 0;
  double backend_ms = 0, load_ms = 0, total_ms = 0;
  StageTimes load_stages;             ///< parts of load_ms
  uint64_t peak_memory = 0;           ///< bytes
  std::vector<WorkerReport> workers;  ///< at least one
  std::vector<SceneReport> scenes;
  uint64_t earlier_done = 0, earlier_failed = 0;  ///< of a live run, which keeps its last frames only
  TakenFrames frames;                             ///< of videos
  std::vector<std::string> warnings;
  int exit_status = 0;
};

/// Of all scenes.
uint64_t scenes_failed(const RunReport& report);

/// Over all values; the median is the lower one of an even count. Values must not be empty.
DepthRange depth_range(std::span<const float> depth);

/// Largest resident set of this process so far, bytes.
uint64_t peak_memory();

/// "2026-01-31T12:00:00Z"
std::string utc_now();

/// The value of a key, or "".
std::string value_of(const std::vector<Setting>& settings, std::string_view key);

/// What depth is measured in: "metres", "relative units", ... known: a focal length or intrinsics are given;
/// in_given_frame: results are brought to given poses.
std::string depth_unit(const checkpoint::Capabilities& model, bool known, bool in_given_frame);

/// For people: device, policy, times, sizes, depth range, where the pictures are; then every file, one a
/// line.
std::string table(const RunReport& report);

/// A scene's entry of run.json, as JSON on one line.
std::string scene_entry(const RunReport& report, const SceneReport& scene);

/// The content of run.json; schema version 1, described in docs/command-line.md.
std::string run_json(const RunReport& report);

}  // namespace da3::host
