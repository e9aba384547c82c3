// SPDX-License-Identifier: Apache-2.0
#include "live/live_arguments.hpp"

#include <CLI/CLI.hpp>
#include <da3/error.hpp>
#include <da3/option_type.hpp>
#include <functional>

#include "live/live_source.hpp"

namespace da3::host {
namespace {

bool parse_when_behind(const std::string& text) {
  if (text == "drop") return true;
  if (text == "wait") return false;
  throw Error(DA3_E_INVALID, "--when-behind: \"" + text + "\" is neither drop nor wait; change it");
}

int64_t parse_frames(const std::string& text) {
  const auto count = option_type::parse_int(text);
  if (count && *count >= 1) return *count;
  throw Error(DA3_E_INVALID, "--frames: \"" + text + "\" is no number of frames; give 1 or more");
}

}  // namespace

void add_live_options(CLI::App& app, LiveArguments& live, const char* group) {
  const auto add = [&](const char* name, const char* value, const char* help,
                       std::function<void(const std::string&)> each) {
    app.add_option_function<std::string>(name, std::move(each), help)
        ->type_name(value)
        ->group(group)
        ->take_last();
  };
  add("--follow", "DIR", "Images as they appear in a folder, each by itself, until Ctrl-C",
      [&live](const std::string& text) { live.follow = text; });
  add("--source", "WHAT",
      "Frames as they come: v4l2:/dev/video0, rtsp://... (also http, udp, ...), \"-\" (JPEGs on stdin), "
      "rgb24:WxH (raw on stdin)",
      [&live](const std::string& text) {
        parse_source(text);  // a word that is no source is a wrong command line
        live.source = text;
      });
  add("--stream-to", "PATH",
      "Depth in float32 to a named pipe, a file, or stdout (\"-\"); files only with --format",
      [&live](const std::string& text) { live.stream_to = text; });
  add("--when-behind", "HOW",
      "drop: only the newest frames (default of --source); wait: all (default of --follow)",
      [&live](const std::string& text) { live.drop = parse_when_behind(text); });
  add("--frames", "N", "End after so many frames",
      [&live](const std::string& text) { live.frames = parse_frames(text); });
}

void check_live(const LiveArguments& live) {
  if (live.follow && live.source)
    throw Error(DA3_E_INVALID,
                "--follow and --source: pictures come from one place at a time; leave one of them out");
  if (!live.wanted() && (live.stream_to || live.drop || live.frames > 0))
    throw Error(
        DA3_E_INVALID,
        "--stream-to, --when-behind and --frames are for pictures that come while the program runs; give "
        "--follow or --source too");
}

}  // namespace da3::host
