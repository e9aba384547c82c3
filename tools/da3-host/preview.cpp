// SPDX-License-Identifier: Apache-2.0
#include "preview.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <da3/error.hpp>
#include <da3/io/api.hpp>

#include "exit_code.hpp"

namespace da3::host {
namespace {

/// The environment as text; unset and empty are the same.
class Environment {
 public:
  explicit Environment(const TerminalFacts& facts) : facts_(facts) {}
  std::string operator()(const char* name) const {
    const char* value = facts_.variable ? facts_.variable(name) : nullptr;
    return value ? value : "";
  }
  bool has(const char* name) const { return !(*this)(name).empty(); }

 private:
  const TerminalFacts& facts_;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// A multiplexer draws text for its terminal and passes pictures on only where it was told to.
bool in_multiplexer(const Environment& environment) {
  const std::string term = environment("TERM");
  return environment.has("TMUX") || environment.has("STY") || term.starts_with("screen") ||
         term.starts_with("tmux");
}

bool speaks_kitty(const Environment& environment) {
  const std::string term = environment("TERM"), program = environment("TERM_PROGRAM");
  return environment.has("KITTY_WINDOW_ID") || has(term, "kitty") || has(term, "ghostty") ||
         program == "ghostty" || program == "WezTerm";
}

bool speaks_sixel(const Environment& environment) {
  const std::string term = environment("TERM"), program = environment("TERM_PROGRAM");
  constexpr std::array<std::string_view, 5> known{"foot", "mlterm", "yaft", "contour", "sixel"};
  return program == "iTerm.app" || program == "mintty" ||
         std::any_of(known.begin(), known.end(), [&](std::string_view name) { return has(term, name); });
}

bool has_true_colour(const Environment& environment) {
  const std::string colour = environment("COLORTERM");
  return colour == "truecolor" || colour == "24bit" || has(environment("TERM"), "direct");
}

/// The first that is set says it, as in the C library. Unset: letters, not a screen of question marks.
bool has_utf8(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value = environment(name);
    if (value.empty()) continue;
    for (char& c : value) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return has(value, "utf-8") || has(value, "utf8");
  }
  return false;
}

io::PreviewKind kind_for(const Environment& environment, bool sixel) {
  if (environment("TERM") == "dumb" || !environment.has("TERM")) return io::PreviewKind::letters;
  if (!in_multiplexer(environment)) {
    if (speaks_kitty(environment)) return io::PreviewKind::kitty;
    if (sixel && speaks_sixel(environment)) return io::PreviewKind::sixel;
  }
  return environment.has("NO_COLOR") || !has_utf8(environment) ? io::PreviewKind::letters
                                                               : io::PreviewKind::blocks;
}

}  // namespace

PreviewHow parse_preview(std::string_view text) {
  constexpr std::pair<std::string_view, PreviewHow> words[] = {{"auto", PreviewHow::automatic},
                                                               {"kitty", PreviewHow::kitty},
                                                               {"sixel", PreviewHow::sixel},
                                                               {"blocks", PreviewHow::blocks}};
  for (const auto& [word, how] : words)
    if (text == word) return how;
  throw Error(DA3_E_INVALID,
              "--preview: \"" + std::string(text) + "\" is not one of auto, kitty, sixel, blocks; change it");
}

void complete_preview(std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i] != "--preview") continue;
    const std::string next = i + 1 < words.size() ? words[i + 1] : "";
    const bool is_value = next == "auto" || next == "kitty" || next == "sixel" || next == "blocks";
    words[i] += "=" + (is_value ? next : "auto");
    if (is_value) words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

TerminalFacts terminal_facts(bool sixel) {
  TerminalFacts facts;
  facts.is_terminal = ::isatty(STDOUT_FILENO) == 1;
  facts.sixel = sixel;
  facts.variable = [](const char* name) { return static_cast<const char*>(std::getenv(name)); };
  winsize size{};
  if (facts.is_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
    facts.columns = size.ws_col, facts.rows = size.ws_row;
    facts.width = size.ws_xpixel, facts.height = size.ws_ypixel;
  }
  return facts;
}

std::optional<io::PreviewOptions> choose_preview(PreviewHow how, const TerminalFacts& facts) {
  if (how == PreviewHow::none || (how == PreviewHow::automatic && !facts.is_terminal)) return std::nullopt;
  const Environment environment(facts);
  io::PreviewOptions options;
  options.kind = how == PreviewHow::kitty    ? io::PreviewKind::kitty
                 : how == PreviewHow::sixel  ? io::PreviewKind::sixel
                 : how == PreviewHow::blocks ? io::PreviewKind::blocks
                                             : kind_for(environment, facts.sixel);
  if (options.kind == io::PreviewKind::sixel && !facts.sixel)
    throw Error(DA3_E_UNSUPPORTED,
                "--preview sixel: this build has no libsixel; use blocks or kitty, or build with libsixel");
  options.true_colour = has_true_colour(environment);
  const int columns = facts.columns > 0 ? facts.columns : 80, rows = facts.rows > 0 ? facts.rows : 24;
  if (facts.width > 0 && facts.columns > 0) options.cell_width = std::max(facts.width / facts.columns, 1);
  if (facts.height > 0 && facts.rows > 0) options.cell_height = std::max(facts.height / facts.rows, 1);
  // Lines of text stay in sight, and a picture does not fill a large screen.
  options.columns = std::clamp(columns - 1, 1, 160);
  options.rows = std::clamp(rows - 4, 1, 40);
  return options;
}

std::optional<io::PreviewOptions> preview_for(PreviewHow how, const io::Api& io,
                                              const std::string& colormap) {
  return in_phase(Phase::profile, [&] {
    auto options = choose_preview(how, terminal_facts(io.has_sixel()));
    if (options) options->colormap = colormap;
    return options;
  });
}

}  // namespace da3::host
