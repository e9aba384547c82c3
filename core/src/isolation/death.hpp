// SPDX-License-Identifier: Apache-2.0
// How a process ended, for people.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace da3::detail::isolation {

/// "was ended by SIGABRT (it aborted)", "exited with code 3"; status: of waitpid, nothing when it is not
/// known.
std::string how_it_ended(std::optional<int> status);

/// What a process said last: complete lines go to a function, the last ones are kept.
class LastLines {
 public:
  /// Takes a piece of output; calls each(line) for every line that is complete now.
  template <class Each>
  void add(std::string_view text, Each&& each) {
    partial_ += text;
    size_t begin = 0;
    for (size_t end; (end = partial_.find('\n', begin)) != std::string::npos; begin = end + 1)
      take(partial_.substr(begin, end - begin), each);
    partial_.erase(0, begin);
    if (partial_.size() > most_partial) flush(each);
  }
  /// The end of the output: what is left is a line too.
  template <class Each>
  void flush(Each&& each) {
    if (!partial_.empty()) take(std::exchange(partial_, {}), each);
  }
  /// The last lines, joined by " | "; "" when there was nothing.
  const std::string& text() const { return kept_; }

 private:
  static constexpr size_t most_partial = 4096, most_kept = 800;

  template <class Each>
  void take(const std::string& line, Each&& each) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) return;
    each(line);
    keep(line);
  }
  void keep(const std::string& line);

  std::string partial_, kept_;
};

}  // namespace da3::detail::isolation
