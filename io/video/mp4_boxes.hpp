// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace da3::io {

/// Whether the boxes of an MP4 file (ISO/IEC 14496-12) follow each other up to its very end, with pictures
/// (mdat) and their index (moov) among them: the index is written last, so a file that was cut short has
/// none.
bool is_whole_mp4(const std::filesystem::path& file);

}  // namespace da3::io
