// SPDX-License-Identifier: Apache-2.0
// What a checkpoint's networks can do, from their configuration alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/model_config.hpp"

namespace da3::checkpoint {

struct Capabilities {
  bool confidence = false, pose = false, pose_input = false, ray = false, gaussians = false;
  bool metric = false;           ///< depth and poses are metres
  bool metric_by_focal = false;  ///< depth times focal / 300 is metres, focal in pixels of the processed size
  bool sky = false, scale_factor = false;
  int64_t feature_blocks = 0, feature_width = 0;
};

Capabilities capabilities(const ModelConfig& config);

/// describe's name of a flag, without "capability.".
struct CapabilityFlag {
  std::string_view name;
  bool Capabilities::*member;
};
const std::vector<CapabilityFlag>& capability_flags();

/// One of describe's capability.<name>, "features" included; std::nullopt for a name that is none.
std::optional<bool> has_capability(const Capabilities& can, std::string_view name);

/// model_describe's lines (da3/plugin.h) as key and value: model.*, capability.*, input.*, output.*.
std::vector<std::pair<std::string, std::string>> describe(const ModelConfig& config);

/// The published models that have one of describe's capability.<name>: "da3-small, da3-base", for messages.
std::string models_with(std::string_view capability);

}  // namespace da3::checkpoint
