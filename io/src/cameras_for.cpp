// SPDX-License-Identifier: Apache-2.0
#include "camera_readers.hpp"
#include "image_header.hpp"

#include <da3/error.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>

namespace da3::io {
namespace {

namespace fs = std::filesystem;
using Size = std::array<int64_t, 2>;  // height, width

constexpr double aspect_tolerance = 0.01;
constexpr const char* what = "finding a camera for each image failed: ";

bool ends_with(const fs::path& path, const fs::path& end) {
  auto a = path.end(), b = end.end();
  while (a != path.begin() && b != end.begin())
    if (*--a != *--b) return false;
  return b == end.begin();
}

/// Cameras by file name and by file name without extension.
class Names {
 public:
  explicit Names(const std::vector<std::string>& names) {
    for (size_t i = 0; i < names.size(); ++i) {
      paths_.push_back(fs::path(names[i]).lexically_normal().relative_path());
      by_file_[paths_[i].filename().string()].push_back(i);
      by_stem_[paths_[i].stem().string()].push_back(i);
    }
  }

  /// Nothing when no camera has such a name; throws when several have.
  std::optional<size_t> find(const fs::path& image, size_t index) const {
    const fs::path path = image.lexically_normal();
    if (const auto files = by_file_.find(path.filename().string()); files != by_file_.end()) {
      std::optional<size_t> longest;
      const auto length = [&](size_t i) { return std::distance(paths_[i].begin(), paths_[i].end()); };
      for (const size_t i : files->second)
        if (ends_with(path, paths_[i]) && (!longest || length(i) > length(*longest))) longest = i;
      return longest ? longest : only(files->second, image, index);
    }
    if (const auto stems = by_stem_.find(path.stem().string()); stems != by_stem_.end())
      return only(stems->second, image, index);
    return std::nullopt;
  }

 private:
  size_t only(const std::vector<size_t>& found, const fs::path& image, size_t index) const {
    if (found.size() == 1) return found[0];
    throw Error(
        DA3_E_INVALID,
        what + ("\"" + image.string() + "\" could be \"" + paths_[found[0]].string() + "\" or \"" +
                paths_[found[1]].string() + "\"; name the image with the folders of the cameras' names"),
        2, static_cast<int64_t>(index));
  }

  std::vector<fs::path> paths_;
  std::unordered_map<std::string, std::vector<size_t>> by_file_, by_stem_;
};

std::vector<size_t> by_name(const GivenCameras& cameras, const std::vector<fs::path>& images) {
  const Names names(cameras.names);
  std::vector<size_t> order;
  std::unordered_map<size_t, size_t> image_of;
  size_t lacking = 0, first = 0;
  for (size_t i = 0; i < images.size(); ++i) {
    const auto found = names.find(images[i], i);
    if (!found) {
      if (lacking++ == 0) first = i;
      continue;
    }
    const auto [taken, fresh] = image_of.emplace(*found, i);
    if (!fresh && images[taken->second] != images[i])
      throw Error(DA3_E_INVALID,
                  what + ("\"" + images[taken->second].string() + "\" and \"" + images[i].string() +
                          "\" are both \"" + cameras.names[*found] +
                          "\"; leave one out, or name cameras with folders"),
                  2, static_cast<int64_t>(i));
    order.push_back(*found);
  }
  if (lacking != 0)
    throw Error(
        DA3_E_INVALID,
        what + ("\"" + images[first].string() + "\" has none among " + std::to_string(cameras.names.size()) +
                " cameras (" + std::to_string(lacking) + " of " + std::to_string(images.size()) +
                " images have none; the first camera is of \"" + cameras.names[0] +
                "\"); leave these images out, or name them as the cameras do"),
        2, static_cast<int64_t>(first));
  return order;
}

std::vector<size_t> by_order(size_t cameras, size_t images) {
  if (cameras != images)
    throw Error(DA3_E_INVALID,
                what + ("there are " + std::to_string(images) + " images and " + std::to_string(cameras) +
                        " cameras without names; give as many, in the same order"));
  std::vector<size_t> order(images);
  for (size_t i = 0; i < images; ++i) order[i] = i;
  return order;
}

Size size_of_file(const fs::path& image, size_t index) try {
  const std::string reading = "reading the image \"" + image.string() + "\"";
  ImageHeader header;
  read_image_file(image, reading, header);
  return {header.height, header.width};
} catch (const Error& error) {
  throw Error(error.code(), error.message(), 2, static_cast<int64_t>(index), error.native());
}

std::string text(Size size) { return std::to_string(size[1]) + "x" + std::to_string(size[0]); }

bool in_patches(Size size) { return size[0] % 14 == 0 && size[1] % 14 == 0; }

/// Whether a picture of size `from` can come of `to` by a resize that keeps its aspect, or nearly:
/// preprocessing rounds each side to whole pixels, and then to the nearest multiple of 14, half a patch up.
bool same_aspect(Size from, Size to) {
  const double x = static_cast<double>(from[1]) / static_cast<double>(to[1]);
  const double y = static_cast<double>(from[0]) / static_cast<double>(to[0]);
  if (std::abs(x / y - 1) <= aspect_tolerance) return true;
  const double below = in_patches(from) ? 7.5 : 0.5, above = in_patches(from) ? 6.5 : 0.5;
  const auto lowest = [&](size_t side) {
    return (static_cast<double>(from[side]) - below) / static_cast<double>(to[side]);
  };
  const auto highest = [&](size_t side) {
    return (static_cast<double>(from[side]) + above) / static_cast<double>(to[side]);
  };
  return std::max(lowest(0), lowest(1)) <= std::min(highest(0), highest(1));
}

/// Why a camera's size cannot be the file's, and what to do.
std::string other_aspect(Size from, Size to) {
  if (same_aspect(from, {to[1], to[0]})) return ", which is turned; turn the picture back";
  const std::string advice = "; use the pictures that the cameras were made of";
  if (!in_patches(from)) return advice;
  return advice + ", or, if a crop method cut them, intrinsics of their original size (format colmap)";
}

/// To the file's own pixels, from those that the size says.
void scale(Intrinsics& k, Size from, Size to, const fs::path& image, size_t index) {
  if (from == to) return;
  if (from[0] < 1 || from[1] < 1 || !same_aspect(from, to))
    throw Error(DA3_E_SHAPE,
                "scaling the intrinsics of \"" + image.string() + "\" failed: its camera is of " +
                    text(from) + " pixels and the file of " + text(to) + other_aspect(from, to),
                2, static_cast<int64_t>(index));
  const double x = static_cast<double>(to[1]) / static_cast<double>(from[1]);
  const double y = static_cast<double>(to[0]) / static_cast<double>(from[0]);
  for (size_t i = 0; i < 3; ++i) {
    k[i] = static_cast<float>(k[i] * x);
    k[3 + i] = static_cast<float>(k[3 + i] * y);
  }
}

/// Lenses are centred but for a few percent: a principal point elsewhere is that of a picture of another
/// size.
bool off_centre(const Intrinsics& k, Size size) {
  const auto off = [](float at, int64_t side) {
    return std::abs(at / static_cast<double>(side) - 0.5) > 0.25;
  };
  return off(k[2], size[1]) || off(k[5], size[0]);
}

/// Before any picture is decoded.
void check_lens(const Lens& lens, const Intrinsics& k, Size size, const fs::path& image, size_t index) try {
  undistortion_zoom(lens, k, size[0], size[1]);
} catch (const Error& error) {
  throw Error(error.code(), "\"" + image.string() + "\": " + error.message(), 2, static_cast<int64_t>(index));
}

void fit_to_files(GivenCameras& cameras, const std::vector<fs::path>& images) {
  size_t strange = 0, first = 0;
  const bool known = !cameras.sizes.empty();
  cameras.sizes.resize(images.size());
  for (size_t i = 0; i < images.size(); ++i) {
    const Size size = size_of_file(images[i], i);
    if (known) scale(cameras.intrinsics[i], cameras.sizes[i], size, images[i], i);
    cameras.sizes[i] = size;
    if (!cameras.lenses.empty()) check_lens(cameras.lenses[i], cameras.intrinsics[i], size, images[i], i);
    if (off_centre(cameras.intrinsics[i], size) && strange++ == 0) first = i;
  }
  if (strange != 0)
    cameras.warnings.push_back(
        "the principal points of " + std::to_string(strange) + " of " + std::to_string(images.size()) +
        " images (first: \"" + images[first].string() +
        "\") are far from the middle; check that the intrinsics are those of pictures of this "
        "size");
}

}  // namespace

GivenCameras cameras_for(const GivenCameras& cameras, const std::vector<fs::path>& images) {
  const size_t count = std::max(cameras.extrinsics.size(), cameras.intrinsics.size());
  const auto fits = [&](size_t entries) { return entries == 0 || entries == count; };
  if (images.empty())
    throw Error(DA3_E_INVALID, what + std::string("there are no images; name at least one"));
  if (!fits(cameras.names.size()) || !fits(cameras.extrinsics.size()) || !fits(cameras.intrinsics.size()) ||
      !fits(cameras.sizes.size()) || !fits(cameras.lenses.size()) || count == 0)
    throw Error(DA3_E_SHAPE,
                what + std::string("the cameras' lists differ in length; give as many of each, or none"));
  const auto order = cameras.names.empty() ? by_order(count, images.size()) : by_name(cameras, images);
  GivenCameras result;
  result.warnings = cameras.warnings;
  for (const size_t i : order) {
    if (!cameras.names.empty()) result.names.push_back(cameras.names[i]);
    if (!cameras.extrinsics.empty()) result.extrinsics.push_back(cameras.extrinsics[i]);
    if (!cameras.intrinsics.empty()) result.intrinsics.push_back(cameras.intrinsics[i]);
    if (!cameras.sizes.empty()) result.sizes.push_back(cameras.sizes[i]);
    if (!cameras.lenses.empty()) result.lenses.push_back(cameras.lenses[i]);
  }
  if (!result.intrinsics.empty()) fit_to_files(result, images);
  return result;
}

}  // namespace da3::io
