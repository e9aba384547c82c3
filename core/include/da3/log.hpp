// SPDX-License-Identifier: Apache-2.0
// Logging of core, tools and plugins: lines on stderr, nothing on stdout. [any thread]
#pragma once

#include <da3/core_export.hpp>

#include <functional>
#include <string_view>

namespace da3 {

/// The same numbers as da3_host.log; `off` silences everything.
enum class LogLevel { trace = 0, debug, info, warn, error, fatal, off };

/// The values of the setting `log.level`: "trace", "debug", "info", "warn", "error", "off". Default: warn.
/// Throws Error(DA3_E_BAD_VALUE) for other texts.
DA3_CORE_API void set_log_level(std::string_view name);
DA3_CORE_API void set_log_level(LogLevel level);
DA3_CORE_API LogLevel log_level() noexcept;

/// One line. Never throws.
DA3_CORE_API void log(LogLevel level, std::string_view utf8) noexcept;

/// Receives every line that passes the level instead of stderr; an empty function brings stderr back.
using LogSink = std::function<void(LogLevel level, std::string_view utf8)>;
DA3_CORE_API void set_log_sink(LogSink sink);

}  // namespace da3
