// SPDX-License-Identifier: Apache-2.0
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <atomic>
#include <cstdlib>
#include <da3/error.hpp>
#include <da3/log.hpp>
#include <memory>
#include <mutex>
#include <string>

#include "text_file.hpp"

namespace da3 {
namespace {

struct LogState {
  std::atomic<LogLevel> level{LogLevel::warn};
  std::mutex mutex;
  std::shared_ptr<const LogSink> sink;
  spdlog::logger logger{"da3", make_sink()};

  static spdlog::sink_ptr make_sink() {
    const char* no_color = std::getenv("NO_COLOR");
    const auto mode = no_color && *no_color ? spdlog::color_mode::never : spdlog::color_mode::automatic;
    return std::make_shared<spdlog::sinks::stderr_color_sink_mt>(mode);
  }

  LogState() {
    logger.set_pattern("da3: %^%l%$: %v");
    logger.set_level(spdlog::level::trace);
    logger.flush_on(spdlog::level::trace);
  }
};

/// Leaked: plugins may log while the process ends.
LogState& state() {
  static LogState& leaked = *new LogState;
  return leaked;
}

}  // namespace

void set_log_level(LogLevel level) { state().level = level; }

void set_log_level(std::string_view name) {
  constexpr std::pair<std::string_view, LogLevel> names[] = {
      {"trace", LogLevel::trace}, {"debug", LogLevel::debug}, {"info", LogLevel::info},
      {"warn", LogLevel::warn},   {"error", LogLevel::error}, {"off", LogLevel::off}};
  for (const auto& [known, level] : names)
    if (known == name) return set_log_level(level);
  throw Error(DA3_E_BAD_VALUE, "log.level: " + detail::quote(name) +
                                   " is not one of trace, debug, info, warn, error, off; change it");
}

LogLevel log_level() noexcept {
  try {
    return state().level;
  } catch (...) {
    return LogLevel::off;
  }
}

void log(LogLevel level, std::string_view utf8) noexcept {
  try {
    LogState& log_state = state();
    if (level < log_state.level.load() || level >= LogLevel::off) return;
    std::shared_ptr<const LogSink> sink;
    {
      const std::lock_guard lock(log_state.mutex);
      sink = log_state.sink;
    }
    if (sink) return (*sink)(level, utf8);
    // spdlog's numbers are the same: trace 0 .. critical 5.
    log_state.logger.log(static_cast<spdlog::level::level_enum>(level), "{}", std::string(utf8));
  } catch (...) {  // a line that cannot be written is no reason to fail
  }
}

void set_log_sink(LogSink sink) {
  LogState& log_state = state();
  const std::lock_guard lock(log_state.mutex);
  log_state.sink = sink ? std::make_shared<const LogSink>(std::move(sink)) : nullptr;
}

}  // namespace da3
