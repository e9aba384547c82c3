// SPDX-License-Identifier: Apache-2.0
// CLI11 as this project's programs use it: words are checked by their own functions, the last one wins,
// errors are da3::Error.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <da3/error.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace da3::host {

class OptionParser {
 protected:
  static constexpr size_t kHelpColumn = 34;
  using Each = std::function<void(const std::string&)>;

  OptionParser(const std::string& about, const std::string& program) : app_(about, program) {
    app_.set_help_flag();
    app_.get_formatter()->column_width(kHelpColumn);
  }

  CLI::Option* add(const char* names, const char* value, const char* help, const char* group, Each each) {
    return app_.add_option_function<std::string>(names, std::move(each), help)
        ->type_name(value)
        ->group(group)
        ->take_last();
  }

  void add_flag(const char* names, bool& flag, const char* help, const char* group) {
    app_.add_flag(names, flag, help)->group(group);
  }

  /// Every use adds a word.
  void add_repeatable(const char* name, std::vector<std::string>& words, const char* value, const char* help,
                      const char* group) {
    app_.add_option(name, words, help)
        ->type_name(value)
        ->group(group)
        ->take_all()
        ->expected(1)
        ->allow_extra_args(false);
  }

  /// Throws Error(DA3_E_INVALID), with the command that helps.
  void parse_words(std::vector<std::string> words, const std::string& help_command) {
    std::reverse(words.begin(), words.end());
    try {
      app_.parse(words);
    } catch (const CLI::ParseError& error) {
      throw Error(DA3_E_INVALID, std::string("the command line is not understood: ") + error.what() +
                                     "; see " + help_command);
    }
  }

  CLI::App app_;
  bool help_ = false, version_ = false;
};

}  // namespace da3::host
