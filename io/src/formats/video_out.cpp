// SPDX-License-Identifier: Apache-2.0
#include "formats/video_out.hpp"

namespace da3::io {

std::unique_ptr<VideoWriter> video_out(const ExportJob& job, const char* format,
                                       const std::filesystem::path& file, const VideoFormat& video) {
  if (!job.options.video_library)
    throw Error(DA3_E_UNSUPPORTED, "writing \"" + file.string() + "\" failed: " + format +
                                       " needs a library that writes videos; install the video part of da3");
  auto writer = job.options.video_library().create_video(file, video);
  const bool best = writer->encoder() == "H.264";
  say(job, !best,
      std::string(format) + ": \"" + file.string() + "\" is encoded as " + std::string(writer->encoder()) +
          ", yuv420p" +
          (best ? "" : ": FFmpeg has no encoder for H.264 here, and not every browser plays this"));
  return writer;
}

void say(const ExportJob& job, bool warning, const std::string& text) {
  if (job.options.watch.say) job.options.watch.say(warning, text);
}

void check_cancelled(const ExportJob& job, const char* format) {
  const auto& asked = job.options.watch.should_cancel;
  if (asked && asked())
    throw Error(DA3_E_CANCELLED, std::string("exporting ") + format + " failed: it was cancelled; run again");
}

}  // namespace da3::io
