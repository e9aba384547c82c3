// SPDX-License-Identifier: Apache-2.0
// The three parts of reading a da3_run; see run_request.hpp.
#pragma once

#include <da3/option_type.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "engine/run_request.hpp"

namespace da3::engine {

constexpr int32_t kOption = 1, kInput = 2, kOutput = 3;  ///< da3_error.kind

/// "; did you mean 'depth'?", or nothing.
inline std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
  const std::string near = option_type::nearest(name, known);
  return near.empty() ? std::string() : "; did you mean '" + near + "'?";
}

/// Options of scope run.
void read_options(const da3_run& run, const Model& model, RunRequest& request);
/// Inputs by name, and the run's shape.
void read_inputs(const da3_run& run, const Model& model, bool with_data, RunRequest& request);
/// Outputs by name; needs the run's shape.
void read_outputs(const da3_run& run, const Model& model, RunRequest& request);

}  // namespace da3::engine
