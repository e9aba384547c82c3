// SPDX-License-Identifier: Apache-2.0
// Where profiles, records of machines and the demo are; models: find_model.hpp.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace da3::host {

/// A profile: as given (from the current folder), then in the installed share/da3: itself, without a leading
/// "configs/", and in profiles/; ".yaml" may be left out there. Throws Error(DA3_E_NOT_FOUND) that names the
/// shipped ones.
std::filesystem::path find_profile(const std::string& text, const std::filesystem::path& share);

/// A machine's record: as given, then in share/da3/machines. Throws Error(DA3_E_NOT_FOUND).
std::filesystem::path find_machine(const std::string& text, const std::filesystem::path& share);
/// Names of the records in share/da3/machines, sorted.
std::vector<std::string> shipped_machines(const std::filesystem::path& share);

std::filesystem::path demo_model(const std::filesystem::path& share);
std::filesystem::path demo_scene(const std::filesystem::path& share);

}  // namespace da3::host
