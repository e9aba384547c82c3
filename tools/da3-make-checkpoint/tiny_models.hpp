// SPDX-License-Identifier: Apache-2.0
// The tiny networks of the tests. They have every part of the published ones and take milliseconds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace da3::weights {

/// tiny (any-view), tiny-mono, tiny-giant (SwiGLU, gaussians), tiny-nested.
std::vector<std::string_view> tiny_names();

/// The "config" tree of a tiny model as JSON, "" for another name.
std::string tiny_config(std::string_view name);

}  // namespace da3::weights
