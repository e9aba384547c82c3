// SPDX-License-Identifier: Apache-2.0
// What all scenes of a run share.
#pragma once

#include <da3/io/api.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inputs/input_files.hpp"
#include "models/model_facts.hpp"
#include "profile/run_profile.hpp"
#include "progress.hpp"
#include "scenes/known_cameras.hpp"
#include "scenes/output_folder.hpp"

namespace da3::host {

struct SceneContext {
  const io::Api* io = nullptr;
  const Model* model = nullptr;
  Session* session = nullptr;
  Progress* progress = nullptr;
  RunProfile* profile = nullptr;  ///< nullptr: nobody wants to know
  const KnownCameras* cameras = nullptr;
  ModelFacts facts;
  CameraSettings camera_settings;
  std::vector<std::string> formats, outputs;
  std::vector<int64_t> features;
  io::ExportOptions export_options;
  std::optional<io::PreviewOptions> preview;                 ///< of each scene
  std::function<void(const io::Prediction&)> on_prediction;  ///< before a scene is written; may be empty
  std::filesystem::path output;
  OutputFolder* folder = nullptr;      ///< of output; nullptr: nobody looks whether it stays
  const InputFiles* inputs = nullptr;  ///< of the run, which no result may replace; nullptr: none are known
  io::PreprocessOptions preprocess;
  size_t scenes = 0, images = 0;  ///< of the run
  size_t worker = 0;              ///< which of the workers this is
  std::string device;             ///< its device, for people
};

}  // namespace da3::host
