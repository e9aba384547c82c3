// SPDX-License-Identifier: Apache-2.0
#include "help.hpp"

#include <da3/io/settings.hpp>

namespace da3::host {
namespace {

constexpr const char* run_text =
    R"(da3-host: depth, confidence and cameras from images, with Depth Anything 3 on any device

  da3-host                                the demo: a scene of three views, results in da3-out/
  da3-host --model DIR a.jpg b.jpg        several views of one scene: one result, cameras agree
  da3-host --model DIR photos/            the same, all images of a folder
  da3-host --model DIR --mode independent photos/    each image by itself: one result each
  da3-host --model DIR --fps 2 clip.mp4   two frames of each second of a video, as one scene
  da3-host --config cpu-max -o out photos/           with a profile of settings
  da3-host --model DIR --follow shots/    each image that appears in a folder
  da3-host --model DIR --source /dev/video0
  da3-host devices                        which backends and devices there are, and why others are not
  da3-host plan --config cpu-max          every setting that a run would have, and where it comes from
  da3-host verify --model DIR             whether a model is whole and computes the same in every way
  da3-host models                         the models: what each can do, its licence, and where it is here

Usage: da3-host [run] [OPTIONS] [INPUT...]
       da3-host devices|plan|models|verify [OPTIONS]

INPUT: images (PNG, JPEG, WebP, BMP, TIFF), videos, patterns ("shots/*.png"), folders of images, one folder
that holds one folder for each scene, a COLMAP folder (images/ and sparse/), or "-" for a list on stdin.
)";

constexpr const char* devices_text =
    R"(da3-host devices: what the machine has (CPU, memory, NVIDIA, Metal), and every plugin that was found with
its devices, or why it cannot be used. Plugins are asked in processes of their own.

Usage: da3-host devices [OPTIONS]
)";

constexpr const char* plan_text =
    R"(da3-host plan: every setting that a run would have, where it comes from and why; loads no model

  da3-host plan --config cpu-max --set threads=2
  da3-host plan --assume a100             the same on a machine that is not this one

Usage: da3-host plan [OPTIONS] [INPUT...]
)";

constexpr const char* models_text =
    R"(da3-host models: the published models, what each can do, its licence, and where it is here; all
other models that are here; and where they were looked for. Loads no weights and no plugin.

Usage: da3-host models [OPTIONS]
)";

constexpr const char* verify_head =
    R"(da3-host verify: whether a model is whole and computes the same in every way that this machine offers

  da3-host verify --model DIR             a line for each check, and the files' sha256
  da3-host verify --model DIR -o report.json    the report as a file, to show to somebody
  da3-host verify --model DIR a.jpg b.jpg c.jpg    with your own pictures, up to three

Usage: da3-host verify [OPTIONS] [INPUT...]
)";

constexpr const char* verify_footer = R"(
Exit codes: 0 nothing is wrong, 1 a check failed, 3 the model is damaged or the backend cannot run here; others as of a run.
)";

constexpr const char* models_footer = R"(
Looks into: the folders of DA3_MODEL_PATH, the Hugging Face cache (HF_HUB_CACHE, HF_HOME, else
~/.cache/huggingface/hub), the installed models. Nothing is downloaded.
)";

constexpr const char* run_footer = R"(
Settings: defaults < profile < environment DA3_SET_<KEY> < command line.
Exit codes: 0 ok, 1 inference failed, 2 usage or profile, 3 plugin or model cannot be loaded, 4 input or output file,
5 some items failed, 6 out of memory, 130 and 143 stopped by a signal.
)";

/// "head: one, two (default), three"
template <class Choices>
std::string choice_help(const std::string& head, const Choices& choices, std::string_view standard) {
  std::string names;
  for (const io::Choice& choice : choices)
    names.append(names.empty() ? head : ", ")
        .append(choice.name)
        .append(choice.name == standard ? " (default)" : "");
  return names;
}

}  // namespace

std::string_view command_word(Command command) {
  switch (command) {
    case Command::run:
      return "";
    case Command::devices:
      return " devices";
    case Command::plan:
      return " plan";
    case Command::models:
      return " models";
    case Command::verify:
      return " verify";
  }
  return "";
}

const char* format_help() {
  static const std::string text = [] {
    std::string names;
    for (const io::Format& format : io::export_formats) names.append(format.name).append(", ");
    return names + "joined by \"-\" (default: npz-depth_vis)";
  }();
  return text.c_str();
}

const char* method_help() {
  static const std::string text = [] {
    std::string names;
    for (const io::Choice& choice : io::process_res_methods)
      names.append(names.empty() ? "" : ", ").append(choice.name).append(names.empty() ? " (default)" : "");
    return names;
  }();
  return text.c_str();
}

const char* colormap_help() {
  static const std::string text = choice_help("Colours of depth: ", io::colormaps, "spectral");
  return text.c_str();
}

const char* trajectory_help() {
  static const std::string text =
      choice_help("gs_video: path of the camera: ", io::gs_trajectories, "extend");
  return text.c_str();
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode mode) const {
  const char* head = command_ == Command::run       ? run_text
                     : command_ == Command::devices ? devices_text
                     : command_ == Command::models  ? models_text
                     : command_ == Command::verify  ? verify_head
                                                    : plan_text;
  std::string groups = make_groups(app, mode);
  for (size_t at; (at = groups.find("\n\n\n")) != std::string::npos;) groups.erase(at, 1);
  while (groups.ends_with('\n')) groups.pop_back();
  const char* foot = command_ == Command::run      ? run_footer
                     : command_ == Command::models ? models_footer
                     : command_ == Command::verify ? verify_footer
                                                   : "";
  return head + groups + "\n" + foot;
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  // CLI11 prints the words of a long description on one line; people's terminals are 80 to 120 wide.
  constexpr size_t column = 30, width = 110;
  std::string line = "  " + make_option_name(option, is_positional);
  line.resize(std::min(line.find(",--no-"), line.size()));  // a switch's description names its opposite
  if (!option->get_type_name().empty() && option->get_type_size() != 0) line += " " + option->get_type_name();
  line += line.size() + 2 > column ? "\n" + std::string(column, ' ') : std::string(column - line.size(), ' ');
  size_t at = column;
  const std::string words = option->get_description();
  for (size_t begin = 0; begin < words.size();) {
    const size_t end = std::min(words.find(' ', begin), words.size());
    if (at + end - begin > width) {
      line.pop_back();
      line += "\n" + std::string(column, ' ');
      at = column;
    }
    line += words.substr(begin, end - begin) + " ";
    at += end - begin + 1;
    begin = end + 1;
  }
  while (line.back() == ' ') line.pop_back();
  return line + "\n";
}

}  // namespace da3::host
