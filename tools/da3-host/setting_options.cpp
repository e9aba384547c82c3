// SPDX-License-Identifier: Apache-2.0
#include "setting_options.hpp"

#include "help.hpp"

namespace da3::host {

void SettingOptions::add_setting(const char* names, const char* key, const char* value, const char* help,
                                 const char* group) {
  const std::string all = names, flag = all.substr(all.find("--"));
  add(names, value, help, group, [this, key, flag](const std::string& text) {
    arguments_.settings.push_back({key, text, flag});
  });
}

void SettingOptions::add_model() {
  add_setting("-m,--model", "model", "DIR",
              "Folder with model.safetensors and config.json, or a name that \"da3-host models\" lists "
              "(default: the demo model)",
              what_group);
}

void SettingOptions::add_work() {
  add_model();
  add_setting("-o,--output", "output", "DIR", "Folder for the results (default: da3-out)", what_group);
  add_setting("-f,--format", "format", "LIST", format_help(), what_group);
  add_setting("--fps", "fps", "N",
              "Videos: frames a second that are taken, by every n-th frame (default: 1), or all", what_group);
  add_setting("--start", "start", "SECONDS", "Videos: where to begin (default: 0)", what_group);
  add_setting("--end", "end", "SECONDS", "Videos: where to stop (default: none)", what_group);
  add_setting("--mode", "mode", "MODE",
              "multiview (default): all images show one scene; independent: each its own", what_group);
  add_switch("exif-rotation", "exif_rotation",
             "Images are turned as their EXIF says; --no-exif-rotation (default): taken as they are stored",
             what_group);
  add_setting("--process-res", "process_res", "N",
              "Pixels of the longer side that the network sees (default: the model's, else 504)", what_group);
  add_setting("--process-res-method", "process_res_method", "M", method_help(), what_group);
  add_setting("--ref-view-strategy", "ref_view_strategy", "S",
              "Which of three or more views the others refer to: saddle_balanced (default), "
              "saddle_sim_range, first, "
              "middle",
              what_group);
  add_formats();
}

void SettingOptions::add_formats() {
  add_setting("--export-feat", "export_feat", "LIST",
              "Features after these blocks of the backbone, as exports/features/feat_layer_<N>.npy: \"3,7\"",
              what_group);
  add_setting("--output-size", "output_size", "SIZE",
              "processed (default): as the network sees the images; original: as the files are", what_group);
  add_setting("--conf-thresh-percentile", "conf_thresh_percentile", "P",
              "Points: this share of all pixels, the least sure, is left out (default: 40)", what_group);
  add_setting("--num-max-points", "num_max_points", "N",
              "Points: at most so many, chosen at random but repeatably (default: 1000000)", what_group);
  add_switch("show-cameras", "show_cameras", "glb: with the cameras (default); --no-show-cameras: without",
             what_group);
  add_setting("--colormap", "colormap", "NAME", colormap_help(), what_group);
  add_setting("--feat-vis-fps", "feat_vis_fps", "N", "feat_vis: pictures a second of the video (default: 15)",
              what_group);
  add_setting("--gs-trajectory", "gs_trajectory", "NAME", trajectory_help(), what_group);
  add_setting("--gs-depth", "gs_depth", "WHERE",
              "gs_video: depth beside the colours (hcat, default), below them (vcat), or none", what_group);
  add_switch("colmap-tracks", "colmap_tracks",
             "colmap: only points that two views or more agree on, with their tracks; --no-colmap-tracks "
             "(default): each pixel a point",
             what_group);
  add_switch("ply-normals", "ply_normals", "ply: with normals; --no-ply-normals (default): without",
             what_group);
}

void SettingOptions::add_verify() {
  add_model();
  add("-o,--output", "FILE", "The report also goes here; as JSON with --json or a name that ends in .json",
      what_group, [this](const std::string& text) { arguments_.report = text; });
  add_setting("--process-res", "process_res", "N",
              "Pixels of the longer side (default: the model's own, at most 252)", what_group);
}

void SettingOptions::add_switch(const std::string& name, const char* key, const char* help,
                                const char* group) {
  const std::string text = help;  // CLI11 takes other types for the flag's variable
  app_.add_flag("--" + name + ",!--no-" + name, text)
      ->group(group)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->each([this, key, name](const std::string& value) {
        const bool on = value == "true";
        arguments_.settings.push_back({key, on ? "true" : "false", (on ? "--" : "--no-") + name});
      });
}

void SettingOptions::add_cameras() {
  add_setting("--poses", "poses", "FILE",
              "Known cameras: npz, JSON, TUM trajectory, or the folder of a COLMAP model", camera_group);
  add_switch("align-to-input-ext-scale", "align_to_input_ext_scale",
             "With --poses: results in the frame and unit of the given poses (default); with "
             "--no-align-to-input-ext-scale in the network's own",
             camera_group);
  add_setting("--focal", "focal", "PIXELS",
              "Focal length in pixels of the image files: metres from da3metric-large, or for poses without "
              "intrinsics",
              camera_group);
  add_setting("--fov", "fov", "DEGREES", "The same by the horizontal field of view", camera_group);
  add_switch("use-ray-pose", "use_ray_pose",
             "Cameras from the network's rays: slower, often more accurate; --no-use-ray-pose undoes it",
             camera_group);
  add_setting("--seed", "seed", "N", "Of the search that --use-ray-pose makes (default: 0)", camera_group);
}

}  // namespace da3::host
