// SPDX-License-Identifier: Apache-2.0
#include "models/run_demands.hpp"

#include <algorithm>
#include <da3/io/settings.hpp>

#include "exit_code.hpp"
#include "models/model_check.hpp"

namespace da3::host {
namespace {

/// In the order in which it is told.
std::vector<Wanted> wanted(const Setup& setup, const RunSettings& settings, const ModelFacts& model,
                           bool poses_by_folder) {
  std::vector<Wanted> list;
  const bool poses = !settings.cameras.poses.empty() && !poses_by_folder;
  // A metric model has a use for the intrinsics in the file.
  if (poses && !model.can.metric_by_focal) list.push_back({origin_of(setup, "poses"), "pose_input", "poses"});
  for (const std::string& format : settings.formats) {
    const std::string by = origin_of(setup, "format") + ": " + format;
    const io::Format& needs = *io::find_format(format);
    if (needs.extrinsics == io::Use::required)
      list.push_back({by, "pose", "poses of cameras (ply does without, given --focal or --fov)"});
    if (needs.gaussians) list.push_back({by, "gaussians", "gaussians"});
  }
  const bool focal = settings.cameras.focal.has_value();
  if ((focal || settings.cameras.fov) && !poses && !intrinsics_serve_a_format(settings, model))
    list.push_back({origin_of(setup, focal ? "focal" : "fov"), "metric_by_focal", "focal length"});
  if (settings.use_ray_pose)
    list.push_back({origin_of(setup, "use_ray_pose"), "ray", "rays to take poses from"});
  return list;
}

void check_intrinsics(const Setup& setup, const RunSettings& settings, const ModelFacts& model) {
  const CameraSettings& cameras = settings.cameras;
  if (!intrinsics_serve_a_format(settings, model) || cameras.focal || cameras.fov || !cameras.poses.empty())
    return;
  throw Error(DA3_E_UNSUPPORTED,
              origin_of(setup, "format") +
                  ": this model gives no cameras, which points need; give --focal or --fov, use "
                  "a format of depth only (npz, tiff32, png16 ...), or a model that gives "
                  "cameras: " +
                  checkpoint::models_with("pose"));
}

}  // namespace

std::string origin_of(const Setup& setup, std::string_view key) {
  const Setting* said = setup.profile.find(key);
  if (!said) return std::string(key);
  return said->origin.starts_with("--") ? said->origin : said->origin + ": " + std::string(key);
}

bool intrinsics_serve_a_format(const RunSettings& settings, const ModelFacts& model) {
  return !model.can.pose &&
         std::any_of(settings.formats.begin(), settings.formats.end(), [](const std::string& format) {
           return io::find_format(format)->intrinsics == io::Use::required;
         });
}

void check_demands(const Setup& setup, const RunSettings& settings, const ModelFacts& model,
                   bool poses_by_folder) {
  in_phase(Phase::model, [&] {
    check_model(model, wanted(setup, settings, model, poses_by_folder));
    check_intrinsics(setup, settings, model);
    check_features(model, settings.features, origin_of(setup, "export_feat"));
  });
}

}  // namespace da3::host
