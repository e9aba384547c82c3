// SPDX-License-Identifier: Apache-2.0
// Upstream's command line to what da3-host does.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "options.hpp"

namespace da3::front {

/// Words as they were understood.
struct Words {
  std::string text;  ///< --help or --version: print this and stop
  Verb verb = verb_auto;
  std::filesystem::path input;
  std::map<std::string, std::string, std::less<>> given;  ///< by option; switches "true" or "false"

  /// What was given, else the default.
  std::string value(std::string_view option) const;
};

/// Throws Error(DA3_E_INVALID) for what upstream's program would not take, and DA3_E_UNSUPPORTED for the
/// verbs and options that come later.
Words parse_words(std::vector<std::string> words);

/// Looks at the input, for `auto` and for what the other verbs expect. Throws Error: DA3_E_NOT_FOUND, or
/// DA3_E_INVALID with the verb that would fit. share: where installed models are.
host::Arguments to_arguments(const Words& words, const std::filesystem::path& share);

/// What --auto-cleanup allows: empties the export folder. Without it a folder that is not empty is an error:
/// this program never asks. Throws Error: DA3_E_INVALID for a folder that is not empty or must not be emptied
/// (root, home, the current folder, one that holds the input), DA3_E_NOT_FOUND when removing fails.
void clean_export_folder(const Words& words);

}  // namespace da3::front
