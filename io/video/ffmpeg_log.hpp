// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace da3::io {

/// Keeps what OpenCV and FFmpeg print about damaged files off stderr: errors are told as Error. Once is
/// enough; any thread.
void silence_ffmpeg();

}  // namespace da3::io
