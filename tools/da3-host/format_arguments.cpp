// SPDX-License-Identifier: Apache-2.0
#include "format_arguments.hpp"

#include <CLI/CLI.hpp>

#include "help.hpp"

namespace da3::host {

void add_format_options(CLI::App& app, std::vector<FlagSetting>& settings, const char* group) {
  const auto add = [&](const char* flag, const char* key, const char* value, const std::string& help) {
    app.add_option_function<std::string>(
           flag,
           [&settings, key, flag](const std::string& text) {
             settings.push_back({key, text, flag});
           },
           help)
        ->type_name(value)
        ->group(group)
        ->take_last();
  };
  const auto add_switch = [&](const std::string& name, const char* key, const std::string& help) {
    app.add_flag("--" + name + ",!--no-" + name, help)
        ->group(group)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->each([&settings, key, name](const std::string& value) {
          const bool on = value == "true";
          settings.push_back({key, on ? "true" : "false", (on ? "--" : "--no-") + name});
        });
  };
  add("--export-feat", "export_feat", "LIST",
      "Features after these blocks of the backbone, as exports/features/feat_layer_<N>.npy: \"3,7\"");
  add("--output-size", "output_size", "SIZE",
      "processed (default): as the network sees the images; original: as the files are");
  add("--conf-thresh-percentile", "conf_thresh_percentile", "P",
      "Points: this share of all pixels, the least sure, is left out (default: 40)");
  add("--num-max-points", "num_max_points", "N",
      "Points: at most so many, chosen at random but repeatably (default: 1000000)");
  add_switch("show-cameras", "show_cameras", "glb: with the cameras (default); --no-show-cameras: without");
  add("--colormap", "colormap", "NAME", colormap_help());
  add("--feat-vis-fps", "feat_vis_fps", "N", "feat_vis: pictures a second of the video (default: 15)");
  add("--gs-trajectory", "gs_trajectory", "NAME", trajectory_help());
  add("--gs-depth", "gs_depth", "WHERE",
      "gs_video: depth beside the colours (hcat, default), below them (vcat), or none");
  add_switch("colmap-tracks", "colmap_tracks",
             "colmap: only points that two views or more agree on, with their tracks; --no-colmap-tracks "
             "(default): each pixel a point");
  add_switch("ply-normals", "ply_normals", "ply: with normals; --no-ply-normals (default): without");
}

}  // namespace da3::host
