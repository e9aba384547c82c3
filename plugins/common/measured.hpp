// SPDX-License-Identifier: Apache-2.0
// A choice by measurement (docs/decisions.md): how many times as fast an arithmetic is here. Measured once
// for a machine and a build, then a fact like any other.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace da3::thin {

/// What was measured for that key, in this process or in one that could write into cache. What is no number
/// that can be is not known.
std::optional<double> known_speed(const std::string& key, const std::filesystem::path& cache);

/// Keeps it for this process and, where that is possible, for later ones.
void keep_speed(const std::string& key, const std::filesystem::path& cache, double times);

}  // namespace da3::thin
