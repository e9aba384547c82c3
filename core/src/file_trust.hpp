// SPDX-License-Identifier: Apache-2.0
// Whether a plugin may be loaded: who could have written its file, and is it the file that the profile pins.
#pragma once

#include <da3/profile.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace da3::detail {

enum class Trust {
  any,     ///< any file that is found
  system,  ///< only root and this user can have written it, its manifest and the folders above
  hash     ///< the same, and the profile pins its sha256
};

/// plugins.trust and plugins.sha256.<name> of a profile.
struct TrustRules {
  Trust trust = Trust::any;
  std::map<std::string, std::string> pins;  ///< backend -> 64 hex digits
};

/// Default: system for root and for programs that run with more rights than their caller, any for others.
/// Such programs never get any: whoever starts them chose the profile.
TrustRules trust_rules(const Profile&);

/// Why this file is not trusted by the rule "system", or "": path is resolved, then it and every folder above
/// must belong to root or to user and must not be writable by group or others (a folder may, with the sticky
/// bit).
std::string ownership_problem(const std::filesystem::path& path, uint32_t user);

/// Why this library may not be loaded as backend name, one sentence, or "".
std::string trust_problem(const TrustRules&, const std::string& name, const std::filesystem::path& library);

}  // namespace da3::detail
