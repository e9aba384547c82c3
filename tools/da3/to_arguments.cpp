// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <da3/error.hpp>
#include <da3/io/file_names.hpp>
#include <da3/io/video.hpp>

#include "command_line.hpp"
#include "models/find_model.hpp"
#include "settings.hpp"

namespace da3::front {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view image_names = "png,jpg,jpeg,webp,bmp,tiff,tif";
/// "mp4,avi,..."
const std::string& video_names() {
  static const std::string names = [] {
    std::string all;
    for (const std::string_view name : io::video_extensions) all.append(all.empty() ? "" : ",").append(name);
    return all;
  }();
  return names;
}

/// "JPG, .png" -> {"jpg", "png"}.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    std::string part(text.substr(begin, end - begin));
    std::erase_if(part, [](char c) { return c == ' ' || c == '.'; });
    for (char& c : part) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!part.empty()) parts.push_back(part);
    begin = end + 1;
  }
  return parts;
}

bool has_name_of(const fs::path& path, std::string_view extensions) {
  const std::vector<std::string> known = split(extensions);
  return std::find(known.begin(), known.end(), io::extension_of(path)) != known.end();
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// Those of a folder, in natural order.
std::vector<fs::path> images_of(const fs::path& folder, std::string_view extensions) {
  std::vector<fs::path> images;
  std::error_code failed;
  for (const fs::path& entry : io::visible_entries(folder, failed))
    if (!is_folder(entry) && has_name_of(entry, extensions)) images.push_back(entry);
  if (failed)
    throw Error(DA3_E_NOT_FOUND,
                "listing the folder \"" + folder.string() + "\" failed: " + failed.message() +
                    "; check the path and its permissions",
                0, -1, failed.value());
  if (images.empty())
    throw Error(DA3_E_INVALID, "the folder \"" + folder.string() + "\" has no images (" +
                                   std::string(extensions) + "); name another");
  return images;
}

Verb verb_for(const fs::path& input) {
  if (is_folder(input))
    return is_folder(input / "images") && is_folder(input / "sparse") ? verb_colmap : verb_images;
  if (has_name_of(input, image_names)) return verb_image;
  if (has_name_of(input, video_names())) return verb_video;
  throw Error(DA3_E_INVALID, "\"" + input.string() + "\" is neither an image (" + std::string(image_names) +
                                 "), nor a video (" + video_names() + "), nor a folder");
}

/// The first of upstream's models, best first, that is here. Empty: none is.
std::string best_model(const fs::path& share) {
  const auto folders = host::search_models(share);
  for (const char* name : {"DA3NESTED-GIANT-LARGE", "DA3-GIANT", "DA3-LARGE", "DA3-BASE", "DA3-SMALL"})
    if (const auto found = host::find_named(name, folders); found && found->problem.empty())
      return found->folder.string();
  return {};
}

/// "cuda:1" is the backend and which of its devices.
void add_device(const std::string& text, host::Arguments& arguments) {
  if (text == "auto") return;
  const size_t colon = std::min(text.find(':'), text.size());
  const std::string backend = text.substr(0, colon);
  arguments.settings.push_back({"backend", backend, "--device"});
  if (colon < text.size())
    arguments.settings.push_back(
        {backend == "cuda" ? "cuda.device" : "device", text.substr(colon + 1), "--device"});
}

/// Upstream's glb writes the pictures of depth_vis too.
std::string with_pictures(const std::string& formats) {
  std::string between = "-";
  between.append(formats).append("-");
  const bool add =
      between.find("-glb-") != std::string::npos && between.find("-depth_vis-") == std::string::npos;
  return add ? formats + "-depth_vis" : formats;
}

void add_settings(const Words& words, host::Arguments& arguments) {
  for (const Option& option : options()) {
    if ((option.verbs & words.verb) == 0 || option.key.empty()) continue;
    if (option.key == "model" || option.key == "backend") continue;
    const std::string flag = "--" + std::string(option.name);
    std::string value = words.value(option.name);
    if (option.key == "format") value = with_pictures(value);
    if (!value.empty()) arguments.settings.push_back({std::string(option.key), value, flag});
  }
}

void add_colmap(const Words& words, host::Arguments& arguments) {
  const fs::path images = words.input / "images", sparse = words.input / "sparse";
  if (!is_folder(images) || !is_folder(sparse))
    throw Error(DA3_E_INVALID,
                "\"" + words.input.string() +
                    "\" is no COLMAP folder: it needs images/ and sparse/; name the folder that "
                    "holds both");
  arguments.inputs = {words.input};  // da3-host takes the images that the model names, with their cameras
  if (const std::string below = words.value("sparse-subdir"); !below.empty())
    arguments.settings.push_back({"poses", fs::absolute(sparse / below).string(), "--sparse-subdir"});
}

host::ProgressMode progress_mode(const std::string& text) {
  return host::parse_arguments({"--progress", text}).progress;
}

}  // namespace

host::Arguments to_arguments(const Words& words, const fs::path& share) {
  std::error_code ignored;
  if (!fs::exists(words.input, ignored))
    throw Error(DA3_E_NOT_FOUND, "input \"" + words.input.string() +
                                     "\" cannot be used: no such file or folder; check the path");
  if (words.value("use-backend") == "true")
    throw Error(DA3_E_UNSUPPORTED,
                "--use-backend is not there yet; leave it out: da3 loads the model itself");
  host::Arguments arguments;
  arguments.progress = progress_mode(words.value("progress"));
  if (const std::string config = words.value("config"); !config.empty()) arguments.config = config;
  if (const auto model = words.given.find("model-dir"); model != words.given.end())
    arguments.settings.push_back({"model", model->second, "--model-dir"});
  else if (const std::string best = best_model(share); !best.empty())
    arguments.settings.push_back({"model", best, "the best model that is here"});
  add_device(words.value("device"), arguments);
  add_settings(words, arguments);
  const Verb verb = words.verb == verb_auto ? verb_for(words.input) : words.verb;
  if (verb == verb_colmap) {
    add_colmap(words, arguments);
  } else if (verb == verb_images) {
    if (!is_folder(words.input))
      throw Error(DA3_E_INVALID, "\"" + words.input.string() + "\" is no folder; da3 auto takes files too");
    const std::string extensions = words.value("image-extensions");
    arguments.inputs = images_of(words.input, extensions.empty() ? image_names : extensions);
  } else if (verb == verb_video) {
    if (is_folder(words.input) || has_name_of(words.input, image_names))
      throw Error(DA3_E_INVALID, "\"" + words.input.string() + "\" is no video; da3 auto takes it");
    arguments.inputs = {words.input};
  } else {
    if (has_name_of(words.input, video_names()))
      throw Error(DA3_E_INVALID, "\"" + words.input.string() + "\" is a video; use da3 video or da3 auto");
    if (is_folder(words.input))
      throw Error(DA3_E_INVALID, "\"" + words.input.string() + "\" is a folder; use da3 images or da3 auto");
    arguments.inputs = {words.input};
  }
  return arguments;
}

}  // namespace da3::front
