// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "printable.hpp"

namespace da3::host {
namespace {

int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

const char* level_name(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warning";
    default:
      return "error";
  }
}

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string seconds(double milliseconds) {
  char text[32];
  std::snprintf(text, sizeof text, milliseconds < 1000 ? "%.0f ms" : "%.2f s",
                milliseconds < 1000 ? milliseconds : milliseconds / 1000);
  return text;
}

/// "42 s", "3 min", "5.2 h"
std::string duration(double seconds) {
  char text[32];
  if (seconds < 120)
    std::snprintf(text, sizeof text, "%.0f s", seconds);
  else if (seconds < 7200)
    std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
  else
    std::snprintf(text, sizeof text, "%.1f h", seconds / 3600);
  return text;
}

std::string& name_of_program() {
  static std::string name = "da3-host";
  return name;
}

}  // namespace

const std::string& program_name() { return name_of_program(); }
void set_program_name(std::string name) { name_of_program() = std::move(name); }

Terminal Terminal::of(std::FILE* stream) {
  Terminal terminal;
  const char* term = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  terminal.is_terminal = ::isatty(::fileno(stream)) == 1 && term && std::string_view(term) != "dumb";
  terminal.color = terminal.is_terminal && !(no_color && *no_color);
  return terminal;
}

Progress::Progress(ProgressMode mode, LogLevel level, Terminal terminal, std::FILE* stream)
    : style_(mode == ProgressMode::none    ? Style::silent
             : mode == ProgressMode::json  ? Style::json
             : mode == ProgressMode::plain ? Style::plain
             : terminal.is_terminal        ? Style::bar
                                           : Style::plain),
      level_(level),
      terminal_(terminal),
      stream_(stream) {}

Progress::~Progress() {
  const std::lock_guard lock(mutex_);
  clear_bar();
}

void Progress::begin(size_t item, size_t items, const std::string& name, std::string_view stage) {
  const std::lock_guard lock(mutex_);
  item_ = item, items_ = items, name_ = name;
  last_stage_.clear();
  if (item > 0 && first_begin_ms_ < 0) first_begin_ms_ = now_ms();
  if (style_ == Style::bar) draw_bar(0, 0, stage);
  if (style_ == Style::plain && item == 0) write(std::string(stage) + " " + printable(name));
  if (style_ == Style::json)
    write(dump({{"event", "begin"}, {"item", item}, {"items", items}, {"name", name}, {"stage", stage}}));
}

void Progress::advance(uint64_t done, uint64_t total, std::string_view stage) {
  const std::lock_guard lock(mutex_);
  advance_item(done, total, stage);
}

void Progress::advance(size_t item, const std::string& name, uint64_t done, uint64_t total,
                       std::string_view stage) {
  const std::lock_guard lock(mutex_);
  if (item != item_) last_stage_.clear();
  item_ = item, name_ = name;
  advance_item(done, total, stage);
}

void Progress::aside(size_t item, const std::string& name, std::string_view stage, uint64_t done,
                     uint64_t total) {
  const std::lock_guard lock(mutex_);
  if (item == item_) return advance_item(done, total, stage);
  if (style_ == Style::json) tell_stage(item, name, done, total, stage);
}

void Progress::advance_item(uint64_t done, uint64_t total, std::string_view stage) {
  if (style_ != Style::bar && style_ != Style::json) return;
  // A new stage and its end are always told, what lies between not more than ten times a second.
  const int64_t now = now_ms();
  if (stage == last_stage_ && done != total && now - last_drawn_ms_ < 100) return;
  last_drawn_ms_ = now;
  last_stage_ = stage;
  if (style_ == Style::bar) return draw_bar(done, total, stage);
  tell_stage(item_, name_, done, total, stage);
}

void Progress::tell_stage(size_t item, const std::string& name, uint64_t done, uint64_t total,
                          std::string_view stage) {
  nlohmann::ordered_json json{{"event", "progress"}, {"item", item}, {"items", items_}, {"name", name},
                              {"stage", stage},      {"done", done}, {"total", total}};
  if (const auto now = pace()) json["per_second"] = now->per_second, json["seconds_left"] = now->seconds_left;
  write(dump(json));
}

void Progress::end(double milliseconds, const std::string& what, const std::string& failure) {
  const std::lock_guard lock(mutex_);
  end_item(item_, name_, milliseconds, what, failure);
}

void Progress::end(size_t item, const std::string& name, double milliseconds, const std::string& what,
                   const std::string& failure) {
  const std::lock_guard lock(mutex_);
  end_item(item, name, milliseconds, what, failure);
}

void Progress::end_item(size_t item, const std::string& name, double milliseconds, const std::string& what,
                        const std::string& failure) {
  clear_bar();
  ended_ += item > 0;
  if (style_ == Style::json) {
    nlohmann::ordered_json json{{"event", "end"}, {"item", item},          {"items", items_},
                                {"name", name},   {"ok", failure.empty()}, {"ms", milliseconds}};
    if (!failure.empty()) json["reason"] = failure;
    if (const auto now = pace())
      json["per_second"] = now->per_second, json["seconds_left"] = now->seconds_left;
    write(dump(json));
    return;
  }
  if (!failure.empty()) return write(place(item, name) + "failed: " + printable(failure));
  if (style_ == Style::plain && item > 0)
    write(place(item, name) + what + ", " + seconds(milliseconds) + rate_text());
}

void Progress::skip(size_t item, size_t items, const std::string& name, const std::string& why) {
  const std::lock_guard lock(mutex_);
  clear_bar();
  items_ = items;
  ++skipped_;
  if (style_ == Style::json)
    write(dump({{"event", "skip"}, {"item", item}, {"items", items}, {"name", name}, {"reason", why}}));
  if (style_ == Style::plain) write(place(item, name) + why);
}

/// From the second scene on: the first one warms up, and one is no rate. Nothing when none is left.
std::optional<Progress::Pace> Progress::pace() const {
  const double passed = static_cast<double>(std::max<int64_t>(now_ms() - first_begin_ms_, 1)) / 1000;
  const size_t over = ended_ + skipped_;
  if (ended_ < 2 || items_ <= over) return std::nullopt;
  const double per_second = static_cast<double>(ended_) / passed;
  return Pace{per_second, static_cast<double>(items_ - over) / per_second};
}

std::string Progress::rate_text() const {
  const auto now = pace();
  if (!now) return {};
  char rate[32];
  if (now->per_second > 1)
    std::snprintf(rate, sizeof rate, "%.1f/s", now->per_second);
  else
    std::snprintf(rate, sizeof rate, "%.1f s each", 1 / now->per_second);
  return std::string(" (") + rate + ", " + duration(now->seconds_left) + " left)";
}

void Progress::show(const std::string& text) {
  const std::lock_guard lock(mutex_);
  clear_bar();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Progress::log(LogLevel level, std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (level >= LogLevel::warn) warnings_.emplace_back(line);
  if (level < level_) return;
  clear_bar();
  if (style_ == Style::json)
    return write(dump({{"event", "log"}, {"level", level_name(level)}, {"message", line}}));
  const char* color = level >= LogLevel::error ? "\033[31m" : "\033[33m";
  const std::string name = level_name(level);
  write(program_name() + ": " +
        (terminal_.color && level >= LogLevel::warn ? color + name + "\033[0m" : name) + ": " +
        printable(line));
}

void Progress::error(std::string_view message) {
  const std::lock_guard lock(mutex_);
  clear_bar();
  if (style_ == Style::json) return write(dump({{"event", "error"}, {"message", message}}));
  write(program_name() + (terminal_.color ? ": \033[31merror\033[0m: " : ": error: ") + printable(message));
}

std::vector<std::string> Progress::warnings() const {
  const std::lock_guard lock(mutex_);
  return warnings_;
}

std::string Progress::place(size_t item, const std::string& name) const {
  if (item == 0) return "";
  const std::string of = items_ == 0 ? "" : "/" + std::to_string(items_);  // nobody knows how many come
  return "[" + std::to_string(item) + of + "] " + printable(name) + ": ";
}

void Progress::clear_bar() {
  if (!bar_shown_) return;
  std::fputs("\r\033[K", stream_);
  std::fflush(stream_);
  bar_shown_ = false;
}

void Progress::draw_bar(uint64_t done, uint64_t total, std::string_view stage) {
  constexpr size_t width = 24;
  const double share =
      total == 0 ? 0 : static_cast<double>(std::min(done, total)) / static_cast<double>(total);
  const auto filled = static_cast<size_t>(share * width);
  std::string line = "\r\033[K" + std::string(filled, '#') + std::string(width - filled, '.') + " ";
  line += place(item_, name_);
  line += std::string(stage);
  if (total > 0) line += " " + std::to_string(static_cast<int>(share * 100)) + " %";
  line += rate_text();
  // A line that wraps could not be taken back. Cut between characters of UTF-8.
  constexpr size_t longest = 80;
  size_t end = std::min(line.size(), longest);
  while (end < line.size() && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  line.resize(end);
  std::fputs(line.c_str(), stream_);
  std::fflush(stream_);
  bar_shown_ = true;
}

void Progress::write(const std::string& line) {
  std::fputs((line + "\n").c_str(), stream_);
  std::fflush(stream_);
}

}  // namespace da3::host
