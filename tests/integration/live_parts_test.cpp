// SPDX-License-Identifier: Apache-2.0
// The parts of --follow, --source and --preview that can be asked without a process.
#include <gmock/gmock.h>

#include <fstream>
#include <thread>

#include "arguments.hpp"
#include "da3/error.hpp"
#include "live/folder_watch.hpp"
#include "live/latest_queue.hpp"
#include "preview.hpp"
#include "support/temporary_folder.hpp"

namespace da3::host {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
namespace fs = std::filesystem;

TEST(LatestQueue, ThrowsTheOldestAway) {
  LatestQueue<int> queue(2, true);
  for (int i = 1; i <= 5; ++i) EXPECT_TRUE(queue.push(i));
  EXPECT_EQ(queue.dropped(), 3u);
  EXPECT_EQ(queue.pop(), 4);
  queue.push(6);
  queue.close();
  EXPECT_FALSE(queue.push(7));
  EXPECT_EQ(queue.pop(), 5);
  EXPECT_EQ(queue.pop(), 6);
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_EQ(queue.dropped(), 3u);
}

TEST(LatestQueue, OrWaitsAndLosesNothing) {
  LatestQueue<int> queue(2, false);
  std::thread source([&] {
    for (int i = 0; i < 1000; ++i) queue.push(i);
    queue.close();
  });
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(queue.pop(), i);
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_EQ(queue.dropped(), 0u);
  source.join();
}

TEST(LatestQueue, ClosingWakesWhoWaits) {
  LatestQueue<int> full(1, false), empty(1, true);
  full.push(1);
  std::thread source([&] { EXPECT_FALSE(full.push(2)); }),
      work([&] { EXPECT_EQ(empty.pop(), std::nullopt); });
  full.close(true);
  empty.close();
  source.join(), work.join();
  EXPECT_EQ(full.pop(), std::nullopt);
}

class Watch : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }
  std::vector<std::string> look() {
    std::vector<std::string> names;
    for (const fs::path& file : watch_.look()) names.push_back(file.filename().string());
    return names;
  }
  test::TemporaryFolder folder_;
  FolderWatch watch_{folder_.path()};
};

TEST_F(Watch, AFileIsReadyWhenItStaysAsItIs) {
  EXPECT_THAT(look(), IsEmpty());
  write("10.png", "x");
  write("2.JPG", "x");
  EXPECT_THAT(look(), IsEmpty());
  write("10.png", "longer");
  EXPECT_THAT(look(), ElementsAre("2.JPG"));
  EXPECT_THAT(look(), ElementsAre("10.png"));
  EXPECT_THAT(look(), IsEmpty());
}

TEST_F(Watch, OneThatIsWrittenAgainIsReadyAgain) {
  write("latest.jpg", "one");
  look();
  EXPECT_THAT(look(), ElementsAre("latest.jpg"));
  write("latest.jpg", "another");
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_THAT(look(), ElementsAre("latest.jpg"));
  fs::remove(folder_.path() / "latest.jpg");
  look();
  write("latest.jpg", "another");
  look();
  EXPECT_THAT(look(), ElementsAre("latest.jpg"));
}

TEST_F(Watch, OtherThingsAreLeftOut) {
  write("notes.txt", "x"), write(".hidden.png", "x"), write("empty.png", ""), write("a.png.part", "x");
  fs::create_directory(folder_.path() / "folder.png");
  look(), look();
  EXPECT_THAT(look(), IsEmpty());
  write("empty.png", "now");
  look();
  EXPECT_THAT(look(), ElementsAre("empty.png"));
}

TEST_F(Watch, AFolderThatIsGoneIsAnError) {
  FolderWatch gone(folder_.path() / "none");
  try {
    gone.look();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), DA3_E_NOT_FOUND);
    EXPECT_EQ(error.native(), ENOENT);
  }
}

/// A terminal with these variables.
std::optional<io::PreviewOptions> choose(PreviewHow how, std::map<std::string, std::string> variables,
                                         bool is_terminal = true, bool sixel = true) {
  TerminalFacts facts;
  facts.is_terminal = is_terminal, facts.sixel = sixel;
  facts.columns = 100, facts.rows = 30, facts.width = 900, facts.height = 540;
  facts.variable = [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  return choose_preview(how, facts);
}

TEST(ChoosePreview, ByWhatTheTerminalIsKnownFor) {
  using Variables = std::map<std::string, std::string>;
  const auto kind = [](Variables variables, bool sixel = true) {
    variables.emplace("LANG", "C.UTF-8");
    return choose(PreviewHow::automatic, variables, true, sixel)->kind;
  };
  EXPECT_EQ(kind({{"TERM", "xterm-kitty"}}), io::PreviewKind::kitty);
  EXPECT_EQ(kind({{"TERM", "xterm-256color"}, {"TERM_PROGRAM", "WezTerm"}}), io::PreviewKind::kitty);
  EXPECT_EQ(kind({{"TERM", "foot"}}), io::PreviewKind::sixel);
  EXPECT_EQ(kind({{"TERM", "foot"}}, false), io::PreviewKind::blocks);
  EXPECT_EQ(kind({{"TERM", "xterm-256color"}}), io::PreviewKind::blocks);
  EXPECT_EQ(kind({{"TERM", "tmux-256color"}, {"TMUX", "/tmp/x"}, {"KITTY_WINDOW_ID", "1"}}),
            io::PreviewKind::blocks);
  EXPECT_EQ(kind({{"TERM", "dumb"}}), io::PreviewKind::letters);
  EXPECT_EQ(kind({{"TERM", "xterm"}, {"NO_COLOR", "1"}}), io::PreviewKind::letters);
  EXPECT_EQ(kind({{"TERM", "xterm"}, {"LC_ALL", "C"}}), io::PreviewKind::letters);
}

TEST(ChoosePreview, ColoursAndSizeAreTheTerminals) {
  const auto plain = choose(PreviewHow::automatic, {{"TERM", "xterm-256color"}, {"LANG", "de_DE.utf8"}});
  EXPECT_FALSE(plain->true_colour);
  EXPECT_EQ(plain->columns, 99);
  EXPECT_EQ(plain->rows, 26);
  EXPECT_EQ(plain->cell_width, 9);
  EXPECT_EQ(plain->cell_height, 18);
  EXPECT_TRUE(choose(PreviewHow::automatic, {{"TERM", "xterm"}, {"COLORTERM", "truecolor"}})->true_colour);
}

TEST(ChoosePreview, IntoAPipeOnlyWhatIsNamed) {
  EXPECT_FALSE(choose(PreviewHow::automatic, {{"TERM", "xterm-kitty"}}, false));
  EXPECT_FALSE(choose(PreviewHow::none, {{"TERM", "xterm-kitty"}}));
  EXPECT_EQ(choose(PreviewHow::blocks, {}, false)->kind, io::PreviewKind::blocks);
  EXPECT_EQ(choose(PreviewHow::kitty, {}, false)->kind, io::PreviewKind::kitty);
  EXPECT_THROW(choose(PreviewHow::sixel, {}, true, false), Error);
}

TEST(PreviewOption, AloneMeansAuto) {
  const auto inputs = [](const Arguments& arguments) {
    std::vector<std::string> names;
    for (const fs::path& input : arguments.inputs) names.push_back(input.string());
    return names;
  };
  Arguments arguments = parse_arguments({"--preview", "a.jpg"});
  EXPECT_EQ(arguments.preview, PreviewHow::automatic);
  EXPECT_THAT(inputs(arguments), ElementsAre("a.jpg"));
  arguments = parse_arguments({"--preview", "sixel", "a.jpg"});
  EXPECT_EQ(arguments.preview, PreviewHow::sixel);
  EXPECT_THAT(inputs(arguments), ElementsAre("a.jpg"));
  EXPECT_EQ(parse_arguments({"--preview=blocks"}).preview, PreviewHow::blocks);
  EXPECT_THAT(inputs(parse_arguments({"--", "--preview", "kitty"})), ElementsAre("--preview", "kitty"));
  EXPECT_THROW(parse_arguments({"--preview=best"}), Error);
}

}  // namespace
}  // namespace da3::host
