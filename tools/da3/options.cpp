// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <array>

namespace da3::front {
namespace {

constexpr unsigned all = verb_auto | verb_image | verb_images | verb_colmap | verb_video;

constexpr std::array<VerbName, 5> verb_list{{
    {"auto", verb_auto, "INPUT_PATH", "an image, a video, a folder of images or a COLMAP folder"},
    {"image", verb_image, "IMAGE_PATH", "one image"},
    {"images", verb_images, "IMAGES_DIR", "all images of a folder, as one scene"},
    {"colmap", verb_colmap, "COLMAP_DIR", "a folder with images/ and sparse/: known cameras"},
    {"video", verb_video, "VIDEO_PATH", "frames of a video"},
}};

constexpr std::array<Option, 22> option_list{{
    {"model-dir", all, false, "", "model", "folder or name of a model (default: the best that is here)"},
    {"export-dir", all, false, "workspace/gallery/scene", "output", "folder for the results"},
    {"export-format", all, false, "glb", "format", "formats, joined by \"-\""},
    {"device", all, false, "auto", "backend", "cuda, cpu, mps (default: the best that is here)"},
    {"use-backend", all, true, "false", "", "comes later"},
    {"backend-url", all, false, "http://localhost:8008", "", "of --use-backend"},
    {"process-res", all, false, "504", "process_res", "pixels of the longer or shorter side"},
    {"process-res-method", all, false, "upper_bound_resize", "process_res_method", "how images are resized"},
    {"export-feat", all, false, "", "export_feat", "blocks of the backbone whose features are written"},
    {"auto-cleanup", all, true, "false", "", "empties the export folder first"},
    {"use-ray-pose", all, true, "false", "use_ray_pose", "cameras from the network's rays"},
    {"ref-view-strategy", all, false, "saddle_balanced", "ref_view_strategy",
     "how the reference view is chosen"},
    {"conf-thresh-percentile", all, false, "40.0", "conf_thresh_percentile", "of points that are left out"},
    {"num-max-points", all, false, "1000000", "num_max_points", "most points of a point cloud"},
    {"show-cameras", all, true, "true", "show_cameras", "cameras in the glb"},
    {"feat-vis-fps", all, false, "15", "feat_vis_fps", "pictures a second of feat_vis"},
    {"fps", verb_auto | verb_video, false, "1.0", "fps", "frames a second that are taken from a video"},
    {"sparse-subdir", verb_auto | verb_colmap, false, "", "", "folder of the model below sparse/"},
    {"align-to-input-ext-scale", verb_auto | verb_colmap, true, "true", "align_to_input_ext_scale",
     "results in the frame and unit of the given poses"},
    {"image-extensions", verb_images, false, "png,jpg,jpeg", "", "which files of the folder are taken"},
    // Ours: what a machine may need beside upstream's options.
    {"config", all, false, "", "", "a profile of da3-host"},
    {"progress", all, false, "auto", "", "auto, none, json, plain"},
}};

}  // namespace

std::span<const VerbName> verbs() { return verb_list; }
std::span<const Option> options() { return option_list; }

const Option* find_option(Verb verb, std::string_view name) {
  for (const Option& option : option_list)
    if (option.name == name && (option.verbs & verb) != 0) return &option;
  return nullptr;
}

}  // namespace da3::front
