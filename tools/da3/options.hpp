// SPDX-License-Identifier: Apache-2.0
// Upstream's command line as a table: its verbs, options and defaults.
#pragma once

#include <span>
#include <string_view>

namespace da3::front {

enum Verb : unsigned { verb_auto = 1, verb_image = 2, verb_images = 4, verb_colmap = 8, verb_video = 16 };

struct VerbName {
  std::string_view name;
  Verb verb;
  std::string_view input, help;
};
std::span<const VerbName> verbs();

struct Option {
  std::string_view name;  ///< without "--"; a switch has "--no-<name>" too
  unsigned verbs;         ///< those that take it
  bool is_switch;
  std::string_view value;  ///< default; of a switch "true" or "false"
  std::string_view key;    ///< the setting of da3-host that it is; "": the front end itself deals with it
  std::string_view help;
};
std::span<const Option> options();

/// nullptr: the verb has no such option.
const Option* find_option(Verb verb, std::string_view name);

}  // namespace da3::front
