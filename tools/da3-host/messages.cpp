// SPDX-License-Identifier: Apache-2.0
#include "messages.hpp"

#include "signals.hpp"

namespace da3::host {

Messages::Messages(const Arguments& arguments)
    : level(log_level()),
      progress(arguments.quiet ? ProgressMode::none : arguments.progress, level, Terminal::of(stderr)) {
  set_log_sink([this](LogLevel of_line, std::string_view line) { progress.log(of_line, line); });
  signals::announce(arguments.quiet                            ? signals::Announcement::none
                    : arguments.progress == ProgressMode::json ? signals::Announcement::json
                                                               : signals::Announcement::plain);
}

Messages::~Messages() {
  set_log_sink({});
  set_log_level(level);
}

}  // namespace da3::host
