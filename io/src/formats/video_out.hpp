// SPDX-License-Identifier: Apache-2.0
// What the formats that write videos share.
#pragma once

#include <da3/error.hpp>
#include <da3/io/video.hpp>

#include "formats/formats.hpp"

#include <memory>
#include <string>

namespace da3::io {

/// A video, opened; which encoder writes it is said. Throws what video_library and create_video throw, and
/// Error(DA3_E_UNSUPPORTED) where the caller has no library for videos.
std::unique_ptr<VideoWriter> video_out(const ExportJob& job, const char* format,
                                       const std::filesystem::path& file, const VideoFormat& video);

void say(const ExportJob& job, bool warning, const std::string& text);

/// Throws Error(DA3_E_CANCELLED).
void check_cancelled(const ExportJob& job, const char* format);

}  // namespace da3::io
