// SPDX-License-Identifier: Apache-2.0
// docs/plugin-check.md says what --list and --help say.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "run_checker.hpp"

namespace da3 {
namespace {

/// The page without what is only Markdown's: back quotes, and the backslash before a bar.
std::string page() {
  std::ifstream file(DA3_SOURCE_DIR "/docs/plugin-check.md");
  std::string text;
  for (std::istreambuf_iterator<char> at(file), end; at != end; ++at)
    if (*at != '`' && *at != '\\') text += *at;
  return text;
}

/// "docs/writing-a-plugin.md, rule 7" -> "rule 7", "docs/plugin-check.md" -> "plugin-check.md", as the page
/// says that it does.
std::string shortened(std::string written) {
  for (const char* folder : {"docs/writing-a-plugin.md, ", "docs/"})
    for (size_t at; (at = written.find(folder)) != std::string::npos;)
      written.erase(at, std::string(folder).size());
  return written;
}

TEST(PluginCheckPage, HasEveryRuleInTheSameWords) {
  const std::string text = page();
  std::set<int> numbers;
  for (const auto& rule : test::listed_rules()) {
    const int number = rule.at("number");
    EXPECT_TRUE(numbers.insert(number).second) << number << " is there twice";
    const auto word = [&](const char* field) { return rule.at(field).get<std::string>(); };
    const std::string row = "| " + std::to_string(number) + " | " + word("name") + " | " + word("rule") +
                            " | " + shortened(word("written")) + " |";
    EXPECT_NE(text.find(row), std::string::npos) << "the page has no row " << row;
  }
  EXPECT_GT(numbers.size(), 60u);
}

TEST(PluginCheckPage, NamesNoOtherCheck) {
  std::set<int> known;
  for (const auto& rule : test::listed_rules()) known.insert(rule.at("number").get<int>());
  std::ifstream file(DA3_SOURCE_DIR "/docs/plugin-check.md");
  size_t rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.size() < 3 || line.compare(0, 2, "| ") != 0 || line[2] < '0' || line[2] > '9') continue;
    ++rows;
    EXPECT_TRUE(known.contains(std::stoi(line.substr(2)))) << line;
  }
  EXPECT_EQ(rows, known.size());
}

TEST(PluginCheckPage, HasEveryOption) {
  const std::string text = page();
  std::istringstream help(test::run_program(DA3_PLUGIN_CHECK, {"--help"}).out);
  size_t options = 0;
  for (std::string word; help >> word;) {
    const size_t start = word.find("--");
    if (start == std::string::npos) continue;
    const std::string option = word.substr(start, word.find(' ', start));
    if (option == "--help" || option == "--version") continue;
    EXPECT_NE(text.find(option), std::string::npos) << "the page has no option " << option;
    ++options;
  }
  EXPECT_GE(options, 11u);
}

}  // namespace
}  // namespace da3
