// SPDX-License-Identifier: Apache-2.0
// Remembers a driver's good answer: asking again costs seconds on machines without persistence mode.
#pragma once

#include <filesystem>
#include <optional>

#include "hardware/nvidia_answer.hpp"

namespace da3::hardware {

/// What an answer depends on, as one line: boot, driver, library, device files, MIG layout, CUDA_*
/// environment.
std::string answer_key(const NvidiaFiles&, const NvidiaQuery&);

/// The remembered answer for this key. Nothing for a broken file, a file or folder that others may write, and
/// in a program that runs with more rights than its caller.
std::optional<DriverAnswer> recall_answer(const std::filesystem::path& folder, const std::string& key);

/// Best effort, by a temporary file and a rename, under the same rules.
void remember_answer(const std::filesystem::path& folder, const std::string& key, const DriverAnswer&);

}  // namespace da3::hardware
