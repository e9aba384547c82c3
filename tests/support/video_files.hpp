// SPDX-License-Identifier: Apache-2.0
// Videos for tests, made by OpenCV's writer.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

namespace da3::test {

inline constexpr int video_height = 48, video_width = 64;

/// The colour (RGB) that frame n is full of; codecs change it by a few steps.
std::array<int, 3> frame_colour(int n);

/// ".avi": Motion JPEG by OpenCV itself; ".mkv": FFV1, else MPEG-4, both by FFmpeg. Throws std::runtime_error
/// where the codec is not there.
void write_video(const std::filesystem::path& file, int frames, double frames_per_second);

/// Keeps the first part of a file.
void cut_file(const std::filesystem::path& file, double share);

}  // namespace da3::test
