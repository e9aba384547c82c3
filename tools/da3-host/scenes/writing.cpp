// SPDX-License-Identifier: Apache-2.0
#include "scenes/writing.hpp"

#include <algorithm>
#include <da3/da3.hpp>
#include <da3/io/open.hpp>
#include <da3/io/settings.hpp>
#include <da3/option_type.hpp>

#include "exit_code.hpp"
#include "signals.hpp"
#include "video_library.hpp"

namespace da3::host {

void check_videos(const std::vector<std::string>& formats) {
  if (std::any_of(formats.begin(), formats.end(),
                  [](const std::string& name) { return io::find_format(name)->video == io::Use::required; }))
    video_library();
}

int writing_threads(const Engine& engine) {
  const auto of_backend = option_type::parse_int(engine.value("effective.threads"));
  return static_cast<int>(std::clamp<int64_t>(of_backend.value_or(cpu_budget().threads), 1, 1024));
}

io::ExportOptions watched(const SceneContext& context, size_t item, const std::string& name) {
  io::ExportOptions options = context.export_options;
  options.video_library = []() -> const io::VideoApi& { return io::open_video_library(); };
  options.watch.should_cancel = [] { return signals::cancel_now(); };
  options.watch.say = [](bool warning, const std::string& text) {
    log(warning ? LogLevel::warn : LogLevel::info, text);
  };
  options.watch.progress = [&context, item, name](uint64_t done, uint64_t total, std::string_view stage) {
    context.progress->aside(item, name, stage, done, total);
  };
  return options;
}

}  // namespace da3::host
