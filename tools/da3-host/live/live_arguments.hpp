// SPDX-License-Identifier: Apache-2.0
// What the command line says of pictures that come while the program runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace da3::host {

struct LiveArguments {
  std::optional<std::filesystem::path> follow;     ///< a folder
  std::optional<std::string> source;               ///< as parse_source (live/live_source.hpp) reads it
  std::optional<std::filesystem::path> stream_to;  ///< "-": stdout
  std::optional<bool> drop;                        ///< --when-behind; unset: by the source
  int64_t frames = 0;                              ///< end after so many; 0: at the source's end

  bool wanted() const { return follow || source; }
};

void add_live_options(CLI::App& app, LiveArguments& live, const char* group);

/// Throws Error(DA3_E_INVALID) for what does not go together.
void check_live(const LiveArguments& live);

}  // namespace da3::host
