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

/// Whether a format writes something; required: it cannot be written without.
enum class Use { none, optional, required };

/// An output format, what it writes of a prediction besides depth, and what it cannot be without.
struct Format {
  std::string_view name, help;
  Use images = Use::none, confidence = Use::none, extrinsics = Use::none, intrinsics = Use::none;
  bool gaussians = false;
  bool features = false;  ///< of the blocks that --export-feat names
  Use video = Use::none;  ///< libda3_video
};

inline constexpr std::array<Format, 16> export_formats{{
    {"npz", "exports/npz/results.npz: images, depth, confidence, cameras", Use::required, Use::optional,
     Use::optional, Use::optional},
    {"mini_npz", "exports/mini_npz/results.npz: the same without images, depth with more digits", Use::none,
     Use::optional, Use::optional, Use::optional},
    {"depth_vis", "depth_vis/0000.jpg ...: image and coloured depth side by side", Use::required},
    {"sheet", "sheet.png: all views' images, depth and confidence in a grid, with their names", Use::required,
     Use::optional},
    {"feat_vis", "feat_vis/feat_layer_<N>/000000.jpg ..., feat_layer_<N>.mp4: image and features as colours",
     Use::required, Use::none, Use::none, Use::none, false, true, Use::optional},
    {"glb", "scene.glb: coloured points and cameras; scene.jpg: a picture of the first view", Use::required,
     Use::optional, Use::required, Use::required},
    {"ply", "scene.ply: coloured points; without poses one file for each view", Use::required, Use::optional,
     Use::optional, Use::required},
    {"gs_ply", "gs_ply/0000.ply: 3D gaussians", Use::none, Use::none, Use::none, Use::none, true},
    {"gs_video", "gs_video/0000_<trajectory>.mp4: a flight through the gaussians, with depth", Use::none,
     Use::none, Use::required, Use::required, true, false, Use::required},
    {"colmap", "cameras.bin, images.bin, points3D.bin ...: a COLMAP model", Use::required, Use::optional,
     Use::required, Use::required},
    {"colmap_text", "cameras.txt, images.txt, points3D.txt: the same as text", Use::required, Use::optional,
     Use::required, Use::required},
    {"png16", "png16/0000.png ...: depth in 16 bits, millimetres or normalised (png16/units.json)"},
    {"exr", "exr/0000.exr ...: depth in float32"},
    {"pfm", "pfm/0000.pfm ...: depth in float32"},
    {"tiff32", "tiff32/0000.tiff ...: depth in float32"},
    {"raw", "raw/0000.bin ...: depth in float32 without header, rows from the top"},
}};

/// The format of a name, or nullptr.
inline const Format* find_format(std::string_view name) {
  for (const Format& format : export_formats)
    if (format.name == name) return &format;
  return nullptr;
}

inline constexpr std::array<Choice, 4> process_res_methods{{
    {"upper_bound_resize", "long side to process_res, then each side to the nearest multiple of 14"},
    {"upper_bound_crop", "long side to process_res, then cut to multiples of 14"},
    {"lower_bound_resize", "short side to process_res, then each side to the nearest multiple of 14"},
    {"lower_bound_crop", "short side to process_res, then cut to multiples of 14"},
}};

/// Depth as colours. But for spectral, what is near is bright or warm.
inline constexpr std::array<Choice, 11> colormaps{{
    {"spectral", "near red, far blue: upstream's"},
    {"turbo", "near red, far blue, over green"},
    {"viridis", "near yellow, far violet"},
    {"magma", "near light, far black, over red"},
    {"inferno", "near yellow, far black"},
    {"plasma", "near yellow, far blue"},
    {"cividis", "near yellow, far blue, for most kinds of colour vision"},
    {"jet", "near red, far blue"},
    {"hot", "near white, far black, over red"},
    {"bone", "near white, far black, bluish"},
    {"gray", "near white, far black"},
}};

/// Paths of the camera in gs_video.
inline constexpr std::array<Choice, 8> gs_trajectories{{
    {"extend", "from view to view, smoothed; half way a small circle and a dolly zoom"},
    {"original", "the views' cameras, one picture each"},
    {"smooth", "the views' cameras, smoothed"},
    {"interpolate", "from view to view"},
    {"interpolate_smooth", "from view to view, smoothed"},
    {"wander", "a small circle about the first view"},
    {"dolly_zoom", "back from the first view and forth, with the zoom turned"},
    {"wobble_inter", "from each third view to the next, in circles"},
}};

/// Where gs_video shows depth.
inline constexpr std::array<Choice, 3> gs_depths{
    {{"hcat", "beside the colours"}, {"vcat", "below the colours"}, {"none", "nowhere"}}};

inline constexpr std::array<std::string_view, 7> image_extensions{"png", "jpg",  "jpeg", "webp",
                                                                  "bmp", "tiff", "tif"};

/// "npz-depth_vis" -> {"npz", "depth_vis"}; order kept, repeats dropped. DA3_E_BAD_VALUE for an unknown name.
inline std::vector<std::string> parse_formats(std::string_view text) {
  std::vector<std::string> formats;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('-', begin), text.size());
    const std::string name(text.substr(begin, end - begin));
    if (!find_format(name)) {
      std::string all;
      for (const Format& format : export_formats) all.append(all.empty() ? "" : ", ").append(format.name);
      throw Error(DA3_E_BAD_VALUE, "output format \"" + name + "\" in \"" + std::string(text) +
                                       "\" is unknown; use one or several of " + all + ", joined by \"-\"");
    }
    if (std::find(formats.begin(), formats.end(), name) == formats.end()) formats.push_back(name);
    begin = end + 1;
  }
  return formats;
}

}  // namespace da3::io
