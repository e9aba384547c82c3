// SPDX-License-Identifier: Apache-2.0
// The command line of da3-host, parsed but not yet judged: values are checked against the schemas later.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/live_arguments.hpp"
#include "preview.hpp"

namespace da3::host {

enum class Command { run, devices, plan, models, verify };
enum class ProgressMode { automatic, none, json, plain };

/// A flag that stands for a setting: "--process-res 140" is {"process_res", "140", "--process-res"}.
struct FlagSetting {
  std::string key, value, flag;
};

/// Part `index` of `count` of a run's scenes, from 1.
struct Shard {
  size_t index = 1, count = 1;
};

struct Arguments {
  Command command = Command::run;
  std::string text;  ///< --help or --version: print this and stop. Else empty
  std::optional<std::string> config;
  std::vector<FlagSetting> settings;
  std::vector<std::string> set;  ///< "key=value" of each --set
  std::vector<std::filesystem::path> plugins;
  std::vector<std::filesystem::path> inputs;
  std::optional<std::string> assume;            ///< of plan: a machine's file or name, or "list"
  std::optional<std::filesystem::path> report;  ///< of verify: the file to write
  ProgressMode progress = ProgressMode::automatic;
  bool profile_run = false;  ///< of run: measure stages and layers, write them beside the results
  Shard shard;
  bool recursive = false;                 ///< folders stand for all images below them
  bool resume = false;                    ///< scenes that an earlier run finished are left out
  bool dry_run = false;                   ///< says what would be done
  LiveArguments live;                     ///< of run: pictures that come while it runs
  PreviewHow preview = PreviewHow::none;  ///< of run: depth is shown in the terminal
  bool json = false;
  bool quiet = false;
};

/// arguments: without the program's name. Throws Error(DA3_E_INVALID) for what is not understood, with the
/// nearest option.
Arguments parse_arguments(std::vector<std::string> arguments);

/// Three lines: this program, the plugin ABI, the build.
std::string version_text();

}  // namespace da3::host
