// SPDX-License-Identifier: Apache-2.0
// From arguments to settings that are known to be right, and from settings to what a run needs.
#pragma once

#include <da3/da3.hpp>
#include <da3/io/export.hpp>
#include <da3/io/video.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "arguments.hpp"

namespace da3::host {

enum class Mode { multiview, independent };

/// What the user knows of the cameras.
struct CameraSettings {
  std::filesystem::path poses;       ///< file or folder for io's read_cameras; empty: none
  std::optional<double> focal, fov;  ///< pixels of the image files; horizontal degrees. At most one of them
  bool align_to_input_ext_scale = true;
};

/// What the program reads from its settings.
struct RunSettings {
  std::vector<std::string> formats;
  std::filesystem::path output;
  Mode mode = Mode::multiview;
  Setting process_res;  ///< "auto" or a number
  std::string process_res_method;
  std::vector<std::filesystem::path> inputs;
  bool demo_inputs = false;  ///< nobody named inputs
  CameraSettings cameras;
  io::FrameSelection frames;  ///< of videos
  bool exif_rotation = false;
  std::vector<int64_t> features;  ///< blocks of the backbone
  io::ExportOptions export_options;
  bool use_ray_pose = false;
};

/// Profile and registry, checked against each other; nothing is loaded.
struct Setup {
  Profile profile;
  PluginRegistry registry;
  std::vector<std::filesystem::path> plugin_files;  ///< of --plugin, absolute, each once
};

/// The keys of this program with its defaults.
const std::vector<OptionSpec>& tool_options();

/// Layers file, environment and command line; looks for plugins; checks every key and value; sets the log
/// level. Throws PhaseError (Phase::profile).
Setup make_setup(const Arguments& arguments);

/// Throws PhaseError (Phase::profile) for an unknown format.
RunSettings run_settings(const Setup& setup, const Arguments& arguments);

/// process_res: what a user said, else what the model says, else 504.
struct ProcessRes {
  int64_t value = 504;
  std::string origin, reason;
};
ProcessRes process_res(const Setting& setting, const std::string& of_model);

/// Adds to the core's plan what this program knows: demo model, demo inputs, process_res. of_model: see
/// full_plan.
void complete_plan(std::vector<PlanEntry>& entries, const Setup& setup, const Arguments& arguments,
                   const std::optional<std::string>& of_model);

/// The plan, with what this program adds to the core's: demo model, demo inputs, process_res. of_model:
/// "model.process_res" of the model when one is loaded (it may be ""), else nothing.
std::vector<PlanEntry> full_plan(const Engine& engine, const Setup& setup, const Arguments& arguments,
                                 const std::optional<std::string>& of_model);

}  // namespace da3::host
