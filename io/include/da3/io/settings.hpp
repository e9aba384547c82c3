// SPDX-License-Identifier: Apache-2.0
// What io lets a user choose, as plain lists: for schemas and --help, without opening libda3_io.
#pragma once

#include <da3/error.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace da3::io {

/// A word that a user may write, and what it does.
struct Choice {
  std::string_view name, help;
};

inline constexpr std::array<Choice, 3> export_formats{{
    {"npz", "exports/npz/results.npz: images, depth, confidence, cameras"},
    {"mini_npz", "exports/mini_npz/results.npz: the same without images, depth with more digits"},
    {"depth_vis", "depth_vis/0000.jpg ...: image and coloured depth side by side"},
}};

inline constexpr std::array<Choice, 4> process_res_methods{{
    {"upper_bound_resize", "long side to process_res, then each side to the nearest multiple of 14"},
    {"upper_bound_crop", "long side to process_res, then cut to multiples of 14"},
    {"lower_bound_resize", "short side to process_res, then each side to the nearest multiple of 14"},
    {"lower_bound_crop", "short side to process_res, then cut to multiples of 14"},
}};

inline constexpr std::array<std::string_view, 7> image_extensions{"png", "jpg",  "jpeg", "webp",
                                                                  "bmp", "tiff", "tif"};

/// "npz-depth_vis" -> {"npz", "depth_vis"}; order kept, repeats dropped. DA3_E_BAD_VALUE for an unknown name.
inline std::vector<std::string> parse_formats(std::string_view text) {
  std::vector<std::string> formats;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('-', begin), text.size());
    const std::string name(text.substr(begin, end - begin));
    const auto known = std::any_of(export_formats.begin(), export_formats.end(),
                                   [&](const Choice& choice) { return choice.name == name; });
    if (!known) {
      std::string all;
      for (const Choice& choice : export_formats) all.append(all.empty() ? "" : ", ").append(choice.name);
      throw Error(DA3_E_BAD_VALUE, "output format \"" + name + "\" in \"" + std::string(text) +
                                       "\" is unknown; use one or several of " + all + ", joined by \"-\"");
    }
    if (std::find(formats.begin(), formats.end(), name) == formats.end()) formats.push_back(name);
    begin = end + 1;
  }
  return formats;
}

}  // namespace da3::io
