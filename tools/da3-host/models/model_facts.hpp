// SPDX-License-Identifier: Apache-2.0
// What a model is and can do: told by its folder before any plugin is loaded, or by the plugin afterwards.
#pragma once

#include <cstdint>
#include <da3/da3.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/capabilities.hpp"

namespace da3::host {

struct ModelFacts {
  std::string name;                         ///< "da3-base"; "unknown" or "" when nobody tells
  std::string family;                       ///< "any-view", "mono", "metric", "nested"
  std::string license;                      ///< as config.json says, "" when it does not
  int64_t parameters = 0, process_res = 0;  ///< 0: not told
  checkpoint::Capabilities can;
};

/// A folder's facts from config.json and the header of model.safetensors; no weight is read. Throws Error
/// (DA3_E_NOT_FOUND, DA3_E_MODEL) when it is no Depth Anything 3 checkpoint or a broken one.
ModelFacts read_model(const std::filesystem::path& folder);

/// The same, or nothing when it is none of ours or broken: then the plugin decides, which may take other
/// formats or says what is wrong.
std::optional<ModelFacts> model_facts(const std::filesystem::path& folder);

/// The facts by model_describe's keys (da3/plugin.h); what is missing counts as false.
ModelFacts model_facts(const std::vector<Setting>& described);

/// The facts of a published model by its name in published_names().
ModelFacts published_facts(std::string_view name);

/// Whether a capability of model_describe ("pose", "metric_by_focal", "features") is there. Throws
/// Error(DA3_E_INTERNAL) for a name that is none.
bool can_do(const checkpoint::Capabilities& can, std::string_view capability);

/// All that can_do knows, "depth" first (every model gives it).
const std::vector<std::string_view>& capability_names();

}  // namespace da3::host
