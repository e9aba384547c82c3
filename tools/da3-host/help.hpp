// SPDX-License-Identifier: Apache-2.0
// The words of --help.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

#include "arguments.hpp"

namespace da3::host {

/// " devices", " plan", " models", " verify", or "" for run.
std::string_view command_word(Command command);

/// "npz, mini_npz, depth_vis, joined by '-' (default: npz-depth_vis)": lists come from io, so that they stay
/// right.
const char* format_help();
const char* method_help();
const char* colormap_help();
const char* trajectory_help();

/// Examples first, then the options by group.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(Command command) : command_(command) {}
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;

 private:
  Command command_;
};

}  // namespace da3::host
