// SPDX-License-Identifier: Apache-2.0
#include "live/live_source.hpp"

#include <unistd.h>

#include <algorithm>
#include <da3/option_type.hpp>
#include <filesystem>

#include "exit_code.hpp"
#include "live/folder_watch.hpp"
#include "video_library.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void refuse(const std::string& source, const std::string& why) {
  throw Error(DA3_E_INVALID, "--source \"" + source + "\" failed: " + why);
}

/// "rgb24:640x480"
LiveSource raw_frames(const std::string& text) {
  const size_t colon = text.find(':'), by = std::min(text.find('x', colon), text.size());
  const auto width = option_type::parse_int(text.substr(colon + 1, by - colon - 1));
  const auto height = by < text.size() ? option_type::parse_int(text.substr(by + 1)) : std::nullopt;
  if (!width || !height || *width < 1 || *height < 1)
    refuse(text, "it tells no size of the frames; write width and height as in rgb24:640x480");
  return {LiveSource::Kind::raw, "", *height, *width};
}

LiveSource stream(const std::string& text, const std::string& scheme) {
  constexpr auto& known = io::stream_schemes;
  if (std::find(known.begin(), known.end(), std::string_view(scheme)) != known.end())
    return {LiveSource::Kind::stream, text};
  std::string names;
  for (const std::string_view name : known) names += (names.empty() ? "" : ", ") + std::string(name);
  refuse(text, "streams begin with one of " + names + "; a video file is an input without --source");
}

bool on_stdin(const LiveSource& source) {
  return source.kind == LiveSource::Kind::jpegs || source.kind == LiveSource::Kind::raw;
}

void check_source(const std::string& text) {
  const LiveSource source = parse_source(text);
  if (on_stdin(source)) {
    if (::isatty(STDIN_FILENO) == 1)
      refuse(text, "stdin is a terminal; send frames into it, as in ffmpeg -f mjpeg - | da3-host --source -");
    return;
  }
  std::error_code failed;
  if (source.kind == LiveSource::Kind::camera && !fs::exists(source.address, failed))
    refuse(text, (failed ? failed.message() : "there is no such device") +
                     "; check that the camera is plugged in, and its name (ls /dev/video*)");
  video_library();
}

}  // namespace

LiveSource parse_source(const std::string& text) {
  if (text == "-") return {};
  if (text.starts_with("rgb24:")) return raw_frames(text);
  constexpr std::string_view prefix = "v4l2:";
  if (text.starts_with(prefix) && text.size() > prefix.size())
    return {LiveSource::Kind::camera, text.substr(prefix.size())};
  if (text.starts_with("/dev/")) return {LiveSource::Kind::camera, text};
  if (const size_t scheme = text.find("://"); scheme != std::string::npos)
    return stream(text, text.substr(0, scheme));
  refuse(text, "it is no source; use \"-\", rgb24:WxH, v4l2:/dev/video0 or rtsp://...");
}

void check_live_input(const LiveArguments& arguments) {
  in_phase(Phase::input, [&] {
    if (arguments.follow) FolderWatch(*arguments.follow).look();
    if (arguments.source) check_source(*arguments.source);
  });
}

std::unique_ptr<io::FrameSource> open_source(const std::string& text, const io::Api& io,
                                             const std::function<bool()>& should_stop) {
  return in_phase(Phase::input, [&]() -> std::unique_ptr<io::FrameSource> {
    const LiveSource source = parse_source(text);
    if (on_stdin(source)) {
      io::FrameStreamOptions options;
      options.height = source.height, options.width = source.width;
      options.should_stop = should_stop;
      return io.open_frame_stream(STDIN_FILENO, options);
    }
    io::LiveVideo video;
    video.kind =
        source.kind == LiveSource::Kind::camera ? io::LiveVideo::Kind::camera : io::LiveVideo::Kind::stream;
    video.address = source.address;
    video.should_stop = should_stop;
    return video_library().open_live(video);
  });
}

}  // namespace da3::host
