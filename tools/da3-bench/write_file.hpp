// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace da3::bench {

/// The whole text or nothing: under a temporary name first, then renamed. Makes missing folders. Throws
/// host::PhaseError (Phase::output).
void write_file(const std::filesystem::path& path, std::string_view text);

/// Whether write_file could write there; throws what it would throw, before hours of work.
void check_writable(const std::filesystem::path& path);

}  // namespace da3::bench
