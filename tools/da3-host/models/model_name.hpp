// SPDX-License-Identifier: Apache-2.0
// A model's name as people write it, in parts that can be compared.
#pragma once

#include <string>
#include <string_view>

namespace da3::host {

/// The owner of the published models' repositories.
inline constexpr std::string_view published_owner = "depth-anything";

/// "depth-anything/DA3-LARGE-1.1" is {"depth-anything", "da3-large", "1.1"}.
struct ModelName {
  std::string owner;    ///< in small letters; "" when not said
  std::string base;     ///< in small letters, without owner and version
  std::string version;  ///< "" when not said

  explicit ModelName(std::string_view text);

  /// Whether a model of this name is what `wanted` asks for: a version that is not asked for is any, an owner
  /// that one of both does not say is the published models'.
  bool answers(const ModelName& wanted) const;
};

/// "1.1" after "1.0.9" after "".
bool version_less(const std::string& a, const std::string& b);

}  // namespace da3::host
