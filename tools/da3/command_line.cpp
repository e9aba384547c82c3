// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <da3/error.hpp>
#include <da3/option_type.hpp>

namespace da3::front {
namespace {

std::string usage() {
  std::string text =
      "da3: Depth Anything 3 with upstream's command line; da3-host can do more\n\nUsage: da3 VERB INPUT "
      "[OPTIONS]\n\n";
  for (const VerbName& verb : verbs()) {
    std::string head = "  da3 " + std::string(verb.name) + " " + std::string(verb.input);
    head.resize(std::max<size_t>(head.size() + 2, 28), ' ');
    text += head + std::string(verb.help) + "\n";
  }
  return text +
         "\n  backend, gallery and gradio come later\n\n\"da3 VERB --help\" lists the options of a verb.\n";
}

std::string help_of(const VerbName& verb) {
  std::string text =
      "Usage: da3 " + std::string(verb.name) + " " + std::string(verb.input) + " [OPTIONS]\n\n";
  for (const Option& option : options()) {
    if ((option.verbs & verb.verb) == 0) continue;
    const std::string name(option.name);
    std::string head = "  --" + name + (option.is_switch ? " / --no-" + name : " VALUE");
    head.resize(std::max<size_t>(head.size() + 2, 36), ' ');
    text += head + std::string(option.help);
    if (!option.value.empty()) text += " [" + std::string(option.value) + "]";
    text += "\n";
  }
  return text;
}

const VerbName& find_verb(const std::string& word) {
  std::vector<std::string> names;
  for (const VerbName& verb : verbs()) {
    if (verb.name == word) return verb;
    names.emplace_back(verb.name);
  }
  if (word == "backend" || word == "gallery" || word == "gradio")
    throw Error(DA3_E_UNSUPPORTED, "da3 " + word + " is not there yet; the other verbs are: see da3 --help");
  const std::string near = option_type::nearest(word, names);
  throw Error(DA3_E_INVALID, "\"" + word + "\" is no verb; " +
                                 (near.empty() ? "see da3 --help" : "did you mean \"" + near + "\"?"));
}

[[noreturn]] void refuse(const VerbName& verb, const std::string& word) {
  std::vector<std::string> names;
  for (const Option& option : options())
    if ((option.verbs & verb.verb) != 0) names.push_back("--" + std::string(option.name));
  const std::string near = option_type::nearest(word.substr(0, word.find('=')), names);
  throw Error(DA3_E_INVALID, "unknown option \"" + word + "\" of da3 " + std::string(verb.name) + ": " +
                                 (near.empty() ? "see da3 " + std::string(verb.name) + " --help"
                                               : "did you mean \"" + near + "\"?"));
}

void add_options(CLI::App& app, const VerbName& verb, Words& result) {
  for (const Option& option : options()) {
    if ((option.verbs & verb.verb) == 0) continue;
    const std::string name(option.name), help(option.help);
    if (option.is_switch)
      app.add_flag("--" + name + ",!--no-" + name, help)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
          ->each([&result, name](const std::string& value) { result.given[name] = value; });
    else
      app.add_option_function<std::string>(
             "--" + name, [&result, name](const std::string& value) { result.given[name] = value; }, help)
          ->take_last();
  }
}

}  // namespace

std::string Words::value(std::string_view option) const {
  if (const auto found = given.find(option); found != given.end()) return found->second;
  const Option* known = find_option(verb, option);
  return known ? std::string(known->value) : "";
}

namespace {

/// Where a value is needed an empty one would be as none was given, and another than the default be taken.
void refuse_empty(const Words& words) {
  Words defaults;
  defaults.verb = words.verb;
  for (const auto& [name, value] : words.given)
    if (value.empty() && !defaults.value(name).empty())
      throw Error(DA3_E_INVALID, "--" + name + " has an empty value; give one, or leave the option out");
}

}  // namespace

Words parse_words(std::vector<std::string> words) {
  Words result;
  if (words.empty() || words.front() == "--help" || words.front() == "-h") {
    result.text = usage();
    return result;
  }
  if (words.front() == "--version") {
    result.text = host::version_text();
    return result;
  }
  const VerbName& verb = find_verb(words.front());
  result.verb = verb.verb;
  words.erase(words.begin());
  CLI::App app("", "da3");
  app.set_help_flag();
  app.allow_extras();
  bool help = false;
  app.add_flag("-h,--help", help);
  add_options(app, verb, result);
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    throw Error(DA3_E_INVALID, std::string("the command line is not understood: ") + error.what() +
                                   "; see da3 " + std::string(verb.name) + " --help");
  }
  if (help) {
    result.text = help_of(verb);
    return result;
  }
  refuse_empty(result);
  bool only_inputs = false;
  for (const std::string& word : app.remaining()) {
    if (!only_inputs && word == "--") {
      only_inputs = true;
      continue;
    }
    if (!only_inputs && word.size() > 1 && word.front() == '-') refuse(verb, word);
    if (!result.input.empty())
      throw Error(DA3_E_INVALID, "unexpected argument \"" + word + "\": da3 " + std::string(verb.name) +
                                     " takes one " + std::string(verb.input));
    result.input = word;
  }
  if (result.input.empty())
    throw Error(DA3_E_INVALID,
                std::string(verb.input) + " is missing; see da3 " + std::string(verb.name) + " --help");
  return result;
}

}  // namespace da3::front
