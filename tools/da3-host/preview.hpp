// SPDX-License-Identifier: Apache-2.0
// --preview: which way of showing pictures the terminal has. Found out from the environment alone: asking the
// terminal could hang, and its answer could end up in the user's shell.
#pragma once

#include <da3/io/preview.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace da3::io {
struct Api;
}

namespace da3::host {

enum class PreviewHow { none, automatic, kitty, sixel, blocks };

/// "auto", "kitty", "sixel", "blocks". Throws Error(DA3_E_INVALID).
PreviewHow parse_preview(std::string_view text);

/// "--preview" alone means auto: what follows is its value only where it can be nothing else, for inputs
/// follow too.
void complete_preview(std::vector<std::string>& words);

/// What a program can know of its terminal.
struct TerminalFacts {
  bool is_terminal = false;
  int columns = 0, rows = 0;                         ///< cells; 0: not known
  int width = 0, height = 0;                         ///< pixels; 0: not known
  bool sixel = false;                                ///< this build writes sixels
  std::function<const char*(const char*)> variable;  ///< getenv
};

/// Of stdout.
TerminalFacts terminal_facts(bool sixel);

/// How to show pictures there; nothing: not at all. What is named is done, whatever stdout is; automatic only
/// on a terminal: kitty, sixel, blocks in 24 bits or 256 colours, letters (NO_COLOR, TERM=dumb), by what it
/// is known for.
std::optional<io::PreviewOptions> choose_preview(PreviewHow how, const TerminalFacts& facts);

/// The same for stdout, with this colour map. Throws PhaseError (Phase::profile).
std::optional<io::PreviewOptions> preview_for(PreviewHow how, const io::Api& io, const std::string& colormap);

}  // namespace da3::host
