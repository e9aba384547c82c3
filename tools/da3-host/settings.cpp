// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <algorithm>
#include <da3/io/settings.hpp>
#include <da3/option_type.hpp>

#include "exit_code.hpp"
#include "locations.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

/// "enum{a,b}"
template <class Choices>
std::string type_of(const Choices& choices) {
  std::string names;
  for (const io::Choice& choice : choices) names.append(names.empty() ? "" : ",").append(choice.name);
  return "enum{" + names + "}";
}

Profile make_profile(const Arguments& arguments) {
  Profile profile;
  if (arguments.config) profile = Profile::from_file(find_profile(*arguments.config, share_folder()));
  profile.apply_environment();
  for (const FlagSetting& flag : arguments.settings)
    profile.set(Layer::command_line, flag.key, flag.value, flag.flag);
  for (const std::string& setting : arguments.set) profile.set_argument(setting);
  return profile;
}

SearchOptions search_options(const Arguments& arguments) {
  SearchOptions options;
  auto& files = options.plugin_files;
  for (const fs::path& named : arguments.plugins) {
    const fs::path file = fs::absolute(named).lexically_normal();
    if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  }
  options.scan_in_child = arguments.command == Command::devices;
  return options;
}

std::string join(const std::vector<fs::path>& paths) {
  std::string text;
  for (const fs::path& path : paths) text += (text.empty() ? "[" : ", ") + path.string();
  return paths.size() == 1 ? paths.front().string() : text + "]";
}

/// "3,7": blocks, each once, in order.
std::vector<int64_t> parse_blocks(const Setting& setting) {
  std::vector<int64_t> blocks;
  for (size_t begin = 0; begin < setting.value.size();) {
    const size_t end = std::min(setting.value.find(',', begin), setting.value.size());
    const auto block = option_type::parse_int(setting.value.substr(begin, end - begin));
    if (!block || *block < 0)
      throw Error(DA3_E_BAD_VALUE, setting.origin + ": \"" + setting.value +
                                       "\" is not a list of blocks; write their numbers as in 3,7");
    if (std::find(blocks.begin(), blocks.end(), *block) == blocks.end()) blocks.push_back(*block);
    begin = end + 1;
  }
  return blocks;
}

CameraSettings camera_settings(const Setup& setup) {
  const auto value = [&](std::string_view key) { return setup.registry.schema().value(setup.profile, key); };
  const Setting focal = value("focal"), fov = value("fov");
  CameraSettings cameras;
  cameras.poses = setup.profile.get_path("poses");
  cameras.focal = option_type::parse_float(focal.value);
  cameras.fov = option_type::parse_float(fov.value);
  cameras.align_to_input_ext_scale = value("align_to_input_ext_scale").value == "true";
  if (cameras.focal && cameras.fov)
    throw Error(DA3_E_BAD_VALUE,
                focal.origin + " and " + fov.origin + " say the same thing in two ways; give one of them");
  return cameras;
}

io::FrameSelection frame_selection(const Setup& setup) {
  const auto value = [&](std::string_view key) { return setup.registry.schema().value(setup.profile, key); };
  io::FrameSelection selection;
  selection.fps = option_type::parse_float(value("fps").value).value_or(0);
  selection.start = option_type::parse_float(value("start").value).value_or(0);
  const Setting end = value("end");
  selection.end = option_type::parse_float(end.value).value_or(selection.end);
  if (selection.end <= selection.start)
    throw Error(DA3_E_BAD_VALUE,
                end.origin + ": end: " + end.value +
                    " seconds are not after the start; give a later end or an earlier start");
  return selection;
}

/// Pictures that come while the program runs are their own inputs, one scene each.
void apply_live(const Setup& setup, const Arguments& arguments, RunSettings& settings) {
  const std::string flag = arguments.live.follow ? "--follow" : "--source";
  const bool shard = arguments.shard.count > 1;
  if (!arguments.inputs.empty() || shard || arguments.resume || arguments.dry_run ||
      !settings.cameras.poses.empty())
    throw Error(DA3_E_INVALID,
                flag +
                    " goes with no inputs, --poses, --shard, --resume or --dry-run: its pictures come "
                    "while the program runs; leave them out");
  if (arguments.preview != PreviewHow::none && arguments.live.stream_to == "-")
    throw Error(DA3_E_INVALID, "--preview and --stream-to - both write to stdout; leave one of them out");
  settings.inputs.clear();
  settings.mode = Mode::independent;
  if (arguments.live.stream_to && !setup.profile.find("format")) settings.formats.clear();
  if (arguments.live.stream_to == "-" && !settings.formats.empty())
    throw Error(DA3_E_INVALID,
                "--format with --stream-to -: the run's table goes to stdout too; send the stream to "
                "a named pipe or a file");
}

void check_features_named(const Setting& format, const RunSettings& settings) {
  for (const std::string& name : settings.formats)
    if (io::find_format(name)->features && settings.features.empty())
      throw Error(DA3_E_BAD_VALUE, format.origin + ": " + name +
                                       " shows features of the backbone, and none are asked for; name its "
                                       "blocks as in --export-feat 3,7");
}

io::ExportOptions export_options(const Setup& setup, const std::string& method) {
  const auto value = [&](std::string_view key) { return setup.registry.schema().value(setup.profile, key); };
  io::ExportOptions options;
  options.conf_thresh_percentile =
      option_type::parse_float(value("conf_thresh_percentile").value).value_or(40);
  options.num_max_points = option_type::parse_int(value("num_max_points").value).value_or(1'000'000);
  options.show_cameras = value("show_cameras").value == "true";
  options.normals = value("ply_normals").value == "true";
  options.colormap = value("colormap").value;
  options.colmap_tracks = value("colmap_tracks").value == "true";
  options.feat_vis_fps = option_type::parse_int(value("feat_vis_fps").value).value_or(15);
  options.gs_trajectory = value("gs_trajectory").value;
  options.gs_depth = value("gs_depth").value;
  const Setting size = value("output_size");
  options.original_size = size.value == "original";
  if (options.original_size && method.ends_with("_crop"))
    throw Error(DA3_E_BAD_VALUE, size.origin + ": results in the original size are not possible with " +
                                     method + ", which cuts parts of the images off; use " +
                                     method.substr(0, method.size() - 4) + "resize");
  return options;
}

}  // namespace

const std::vector<OptionSpec>& tool_options() {
  static const auto& options = *new std::vector<OptionSpec>{
      {"model", "path", "", "folder with model.safetensors and config.json; unset: the demo model"},
      {"input", "path|list<path>", "", "images, videos or folders of images; unset: the demo scene"},
      {"output", "path", "da3-out", "folder for the results"},
      {"format", "string", "npz-depth_vis", "export formats, joined by '-'"},
      {"mode", "enum{multiview,independent}", "multiview",
       "whether the images are one scene or one scene each"},
      {"fps", "enum{all}|float[0.000001,1000000]", "1",
       "videos: frames a second that are taken, by every n-th frame; all: every frame"},
      {"start", "float[0,1000000000]", "0", "videos: seconds from which on frames are taken"},
      {"end", "enum{none}|float[0.000001,1000000000]", "none",
       "videos: seconds from which on no frame is taken"},
      {"exif_rotation", "bool", "false",
       "images are turned as their EXIF says; false: they are taken as they are stored, as upstream does"},
      {"process_res", "enum{auto}|int[1,16384]", "auto",
       "pixels of the longer (or shorter, see the method) side; auto: the model's own, else 504"},
      {"process_res_method", type_of(io::process_res_methods),
       std::string(io::process_res_methods.front().name), "how an image is brought to process_res"},
      {"poses", "path", "", "known cameras: npz, JSON, or the folder of a COLMAP model; world-to-camera"},
      {"align_to_input_ext_scale", "bool", "true",
       "with poses: results in their frame and unit; false: in the network's own"},
      {"focal", "enum{auto}|float[0.001,1000000]", "auto", "focal length in pixels of the image files"},
      {"fov", "enum{auto}|float[0.1,179.9]", "auto", "horizontal field of view in degrees; instead of focal"},
      {"devices", "enum{one,all}|int[0,1023]|list<int[0,1023]>", "one",
       "devices of the backend that scenes are spread over: one, all, or indexes; one that is named twice "
       "has "
       "two workers"},
      {"output_size", "enum{processed,original}", "processed",
       "size of maps, images and intrinsics: the network's, or that of the image files"},
      {"conf_thresh_percentile", "float[0,100]", "40",
       "points: the share of all pixels, by confidence, that is left out"},
      {"num_max_points", "int[1,1000000000]", "1000000", "points: a random choice of at most so many"},
      {"show_cameras", "bool", "true", "glb: with the cameras' frusta"},
      {"ply_normals", "bool", "false", "ply: with normals"},
      {"colmap_tracks", "bool", "false", "colmap: points that two views or more agree on, with their tracks"},
      {"colormap", type_of(io::colormaps), "spectral", "colours of depth in pictures"},
      {"feat_vis_fps", "int[1,1000]", "15", "feat_vis: pictures a second of the video"},
      {"gs_trajectory", type_of(io::gs_trajectories), "extend", "gs_video: path of the camera"},
      {"gs_depth", type_of(io::gs_depths), "hcat", "gs_video: depth beside the colours, below them, or none"},
      {"export_feat", "string", "", "blocks of the backbone whose features are written, as in 3,7"},
  };
  return options;
}

Setup make_setup(const Arguments& arguments) {
  return in_phase(Phase::profile, [&] {
    Profile profile = make_profile(arguments);
    SearchOptions search = search_options(arguments);
    PluginRegistry registry(profile, search);
    registry.schema().add("da3-host", tool_options());
    registry.schema().check(profile);
    set_log_level(registry.schema().value(profile, "log.level").value);
    return Setup{std::move(profile), std::move(registry), std::move(search.plugin_files)};
  });
}

RunSettings run_settings(const Setup& setup, const Arguments& arguments) {
  return in_phase(Phase::profile, [&] {
    const auto value = [&](std::string_view key) {
      return setup.registry.schema().value(setup.profile, key);
    };
    RunSettings settings;
    const Setting format = value("format");
    try {
      settings.formats = io::parse_formats(format.value);
    } catch (const Error& error) {
      throw Error(error.code(), format.origin + ": " + error.message(), error.kind(), error.index());
    }
    const fs::path output = setup.profile.get_path("output");
    settings.output = output.empty() ? fs::path(value("output").value) : output;
    settings.mode = value("mode").value == "independent" ? Mode::independent : Mode::multiview;
    settings.process_res = value("process_res");
    settings.process_res_method = value("process_res_method").value;
    settings.exif_rotation = value("exif_rotation").value == "true";
    if (settings.exif_rotation && !setup.profile.get_path("poses").empty())
      throw Error(DA3_E_BAD_VALUE, value("exif_rotation").origin +
                                       ": known cameras are of the images as they are stored; leave "
                                       "exif_rotation or the poses out");
    settings.inputs = arguments.inputs;
    if (settings.inputs.empty()) settings.inputs = setup.profile.get_paths("input");
    settings.demo_inputs = settings.inputs.empty() && !arguments.live.wanted();
    settings.cameras = camera_settings(setup);
    settings.frames = frame_selection(setup);
    if (arguments.live.wanted()) apply_live(setup, arguments, settings);
    settings.export_options = export_options(setup, settings.process_res_method);
    settings.features = parse_blocks(value("export_feat"));
    check_features_named(format, settings);
    const Setting* ray_pose = setup.profile.find("use_ray_pose");
    settings.use_ray_pose = ray_pose && option_type::parse_bool(ray_pose->value).value_or(false);
    if (settings.demo_inputs) settings.inputs = {demo_scene(share_folder())};
    return settings;
  });
}

ProcessRes process_res(const Setting& setting, const std::string& of_model) {
  if (const auto given = option_type::parse_int(setting.value)) return {*given, setting.origin, ""};
  if (const auto own = option_type::parse_int(of_model); own && *own >= 1 && *own <= 16384)
    return {*own, "model", "what the model was made for"};
  return {504, "default", "neither settings nor model say it"};
}

void complete_plan(std::vector<PlanEntry>& entries, const Setup& setup, const Arguments& arguments,
                   const std::optional<std::string>& of_model) {
  const RunSettings settings = run_settings(setup, arguments);
  for (PlanEntry& entry : entries) {
    if (entry.key == "log.level") {
      const Setting said = setup.registry.schema().value(setup.profile, entry.key);
      entry.value = said.value;
      entry.origin = said.origin;
    } else if (entry.key == "model" && entry.value.empty()) {
      entry.value = demo_model(share_folder()).string();
      entry.reason = "the demo model: nobody named one";
    } else if (entry.key == "input") {
      entry.value = join(settings.inputs);
      if (!arguments.inputs.empty()) entry.origin = "cli";
      if (settings.demo_inputs) entry.reason = "the demo scene: nobody named inputs";
    } else if (entry.key == "process_res") {
      const ProcessRes chosen = process_res(settings.process_res, of_model.value_or(""));
      if (of_model || entry.value != "auto") {
        entry.value = std::to_string(chosen.value);
        entry.origin = chosen.origin;
        entry.reason = chosen.reason;
      } else {
        entry.reason = "the model's own, else 504: known when it is loaded";
      }
    }
  }
}

std::vector<PlanEntry> full_plan(const Engine& engine, const Setup& setup, const Arguments& arguments,
                                 const std::optional<std::string>& of_model) {
  std::vector<PlanEntry> entries = engine.plan();
  complete_plan(entries, setup, arguments, of_model);
  return entries;
}

}  // namespace da3::host
