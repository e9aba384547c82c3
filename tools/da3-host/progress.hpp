// SPDX-License-Identifier: Apache-2.0
// What a run says on stderr while it works: a bar on a terminal, else one line for each item, or JSON lines.
// Log lines go through here too, so that they do not meet the bar. [any thread]
#pragma once

#include <cstdint>
#include <cstdio>
#include <da3/log.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.hpp"

namespace da3::host {

/// What the stream can do; looked up once.
struct Terminal {
  bool is_terminal = false;
  bool color = false;  ///< a terminal, TERM is not dumb, NO_COLOR is unset
  static Terminal of(std::FILE* stream);
};

class Progress {
 public:
  /// automatic becomes a bar or plain by terminal. Log lines below `level` are kept for run.json and not
  /// shown.
  Progress(ProgressMode mode, LogLevel level, Terminal terminal, std::FILE* stream = stderr);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// A piece of work begins: item 0 is the model, 1..items are scenes. It is the current one now.
  void begin(size_t item, size_t items, const std::string& name, std::string_view stage);
  /// done of total of the stage of the current item.
  void advance(uint64_t done, uint64_t total, std::string_view stage);
  /// The same of an item that is not the current one any more where several run at the same time.
  void advance(size_t item, const std::string& name, uint64_t done, uint64_t total, std::string_view stage);
  /// A stage of an item that goes on beside the current one: a bar stays with that one.
  void aside(size_t item, const std::string& name, std::string_view stage, uint64_t done = 0,
             uint64_t total = 0);
  /// The current item ended; failure is empty when it is done.
  void end(double milliseconds, const std::string& what, const std::string& failure);
  /// The same of an item that need not be the current one, and does not become it.
  void end(size_t item, const std::string& name, double milliseconds, const std::string& what,
           const std::string& failure);

  /// An item that is done already; it does not count where the time left is estimated.
  void skip(size_t item, size_t items, const std::string& name, const std::string& why);

  /// Text for stdout, which may be the same terminal.
  void show(const std::string& text);

  void log(LogLevel level, std::string_view line);
  /// An error of the whole program, whatever the level.
  void error(std::string_view message);

  /// Log lines of level warn and above, for run.json.
  std::vector<std::string> warnings() const;

 private:
  enum class Style { silent, bar, plain, json };
  struct Pace {
    double per_second, seconds_left;
  };
  void advance_item(uint64_t done, uint64_t total, std::string_view stage);
  void end_item(size_t item, const std::string& name, double milliseconds, const std::string& what,
                const std::string& failure);
  void tell_stage(size_t item, const std::string& name, uint64_t done, uint64_t total,
                  std::string_view stage);
  void clear_bar();
  void draw_bar(uint64_t done, uint64_t total, std::string_view stage);
  void write(const std::string& line);
  std::string place(size_t item, const std::string& name) const;
  std::optional<Pace> pace() const;
  std::string rate_text() const;

  const Style style_;
  const LogLevel level_;
  const Terminal terminal_;
  std::FILE* const stream_;
  mutable std::mutex mutex_;
  size_t item_ = 0, items_ = 0;
  std::string name_, last_stage_;
  bool bar_shown_ = false;
  int64_t last_drawn_ms_ = 0;
  int64_t first_begin_ms_ = -1;  ///< of the scenes
  size_t ended_ = 0;             ///< of those that this run worked on
  size_t skipped_ = 0;
  std::vector<std::string> warnings_;
};

/// The program's name at the head of its messages: "da3-host", or that of a program made of it.
const std::string& program_name();
void set_program_name(std::string name);

}  // namespace da3::host
