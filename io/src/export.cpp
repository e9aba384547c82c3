// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/export.hpp>
#include <da3/io/settings.hpp>

#include "files.hpp"
#include "npz.hpp"
#include "quiet.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <new>

namespace da3::io {
namespace {

namespace fs = std::filesystem;

ExportTable make_export_table() {
  constexpr std::array<double, 3> mean{0.485, 0.456, 0.406}, deviation{0.229, 0.224, 0.225};
  ExportTable table{};
  for (size_t c = 0; c < 3; ++c)
    for (size_t value = 0; value < 256; ++value) {
      const float normalised = (static_cast<float>(value) / 255.0f - static_cast<float>(mean[c])) /
                               static_cast<float>(deviation[c]);
      const double back = std::clamp(static_cast<double>(normalised) * deviation[c] + mean[c], 0.0, 1.0);
      table[c][value] = static_cast<uint8_t>(back * 255);
    }
  return table;
}

std::vector<uint8_t> exported_images(std::span<const uint8_t> images) {
  const ExportTable& table = export_table();
  std::vector<uint8_t> result(images.size());
  for (size_t i = 0; i < images.size(); ++i) result[i] = table[i % 3][images[i]];
  return result;
}

/// numpy.round on float32: to even, scaled in float32.
NpzMember rounded(const char* key, std::span<const float> values, const std::vector<int64_t>& shape,
                  float power) {
  std::vector<float> result(values.size());
  for (size_t i = 0; i < values.size(); ++i) result[i] = std::rint(values[i] * power) / power;
  return {key, make_npy("<f4", shape, result.data(), result.size() * sizeof(float))};
}

fs::path export_npz(const fs::path& directory, const Prediction& p, bool mini) {
  const fs::path file = directory / "exports" / (mini ? "mini_npz" : "npz") / "results.npz";
  std::vector<NpzMember> members;
  if (!mini) {
    const std::vector<uint8_t> images = exported_images(p.images);
    members.push_back(
        {"image", make_npy("|u1", {p.views, p.height, p.width, 3}, images.data(), images.size())});
  }
  const std::vector<int64_t> maps{p.views, p.height, p.width};
  members.push_back(rounded("depth", p.depth, maps, mini ? 1e8f : 1e6f));
  if (!p.confidence.empty()) members.push_back(rounded("conf", p.confidence, maps, 1e2f));
  if (!p.extrinsics.empty())
    members.push_back(
        {"extrinsics", make_npy("<f4", {p.views, 3, 4}, p.extrinsics.data(), p.extrinsics.size_bytes())});
  if (!p.intrinsics.empty())
    members.push_back(
        {"intrinsics", make_npy("<f4", {p.views, 3, 3}, p.intrinsics.data(), p.intrinsics.size_bytes())});
  write_npz(file, members);
  return file;
}

fs::path export_features(const fs::path& directory, const Prediction& p, const FeatureMap& map) {
  const fs::path file =
      directory / "exports" / "features" / ("feat_layer_" + std::to_string(map.block) + ".npy");
  make_parent(file);
  write_file_atomic(file, make_npy("<f4", {p.views, map.rows, map.columns, map.channels}, map.values.data(),
                                   map.values.size_bytes()));
  return file;
}

std::vector<uint8_t> encode_jpeg(const std::vector<uint8_t>& rgb, int64_t height, int64_t width) {
  const Quiet quiet;
  const cv::Mat image(static_cast<int>(height), static_cast<int>(width), CV_8UC3,
                      const_cast<uint8_t*>(rgb.data()));
  cv::Mat bgr;
  cv::cvtColor(image, bgr, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> bytes;
  if (!cv::imencode(".jpg", bgr, bytes, {cv::IMWRITE_JPEG_QUALITY, 95})) bytes.clear();
  return bytes;
}

void export_depth_vis(const fs::path& directory, const Prediction& p, std::vector<fs::path>& written) {
  const size_t row = static_cast<size_t>(p.width) * 3, pixels = static_cast<size_t>(p.height * p.width);
  for (int64_t view = 0; view < p.views; ++view) {
    const auto index = static_cast<size_t>(view);
    const std::vector<uint8_t> image = exported_images(p.images.subspan(index * pixels * 3, pixels * 3));
    const std::vector<uint8_t> depth = colour_depth(p.depth.data() + index * pixels, p.height, p.width);
    std::vector<uint8_t> both(2 * pixels * 3);
    for (size_t y = 0; y < static_cast<size_t>(p.height); ++y) {
      std::copy_n(image.data() + y * row, row, both.data() + 2 * y * row);
      std::copy_n(depth.data() + y * row, row, both.data() + (2 * y + 1) * row);
    }
    char name[32];
    std::snprintf(name, sizeof name, "%04lld.jpg", static_cast<long long>(view));
    const fs::path file = directory / "depth_vis" / name;
    make_parent(file);
    const std::vector<uint8_t> bytes = encode_jpeg(both, p.height, 2 * p.width);
    if (bytes.empty())
      throw Error(DA3_E_INTERNAL, "encoding \"" + file.string() + "\" failed; please report this");
    write_file_atomic(file, bytes);
    written.push_back(file);
  }
}

void check_length(const char* name, size_t have, int64_t views, int64_t each) {
  if (have != 0 && have != static_cast<size_t>(views * each))
    throw Error(DA3_E_SHAPE, std::string("exporting failed: ") + name + " has " + std::to_string(have) +
                                 " values where " + std::to_string(views) + " views need " +
                                 std::to_string(views * each) + "; please report this");
}

void check(const std::vector<std::string>& formats, const Prediction& p) {
  for (const std::string& format : formats) parse_formats(format);
  constexpr int64_t limit = int64_t{1} << 31;
  if (p.views < 1 || p.height < 1 || p.width < 1 || p.height > limit / p.width ||
      p.views > limit / (p.height * p.width))
    throw Error(DA3_E_SHAPE, "exporting failed: " + std::to_string(p.views) + " views of " +
                                 std::to_string(p.width) + "x" + std::to_string(p.height) +
                                 " pixels cannot be written");
  const int64_t pixels = p.height * p.width;
  check_length("depth", p.depth.size(), p.views, pixels);
  check_length("confidence", p.confidence.size(), p.views, pixels);
  check_length("sky", p.sky.size(), p.views, pixels);
  check_length("extrinsics", p.extrinsics.size(), p.views, 12);
  check_length("intrinsics", p.intrinsics.size(), p.views, 9);
  check_length("images", p.images.size(), p.views, pixels * 3);
  for (const FeatureMap& map : p.features)
    check_length("a feature map", map.values.size(), p.views, map.rows * map.columns * map.channels);
  if (p.depth.empty())
    throw Error(DA3_E_INVALID, "exporting failed: there is no depth; ask the model for it");
  for (const std::string& format : formats) {
    if (format != "mini_npz" && p.images.empty())
      throw Error(DA3_E_INVALID,
                  "exporting " + format + " failed: it needs the images; use mini_npz without them");
    if (format == "depth_vis" && std::max(p.height, 2 * p.width) > 65500)
      throw Error(DA3_E_SHAPE, "exporting depth_vis failed: a JPEG has at most 65500 pixels a side; use npz");
  }
}

}  // namespace

const ExportTable& export_table() {
  static const ExportTable table = make_export_table();
  return table;
}

std::vector<fs::path> export_prediction(const std::vector<std::string>& formats, const fs::path& directory,
                                        const Prediction& prediction) try {
  check(formats, prediction);
  std::vector<fs::path> written;
  for (const std::string& format : formats) {
    if (format == "depth_vis")
      export_depth_vis(directory, prediction, written);
    else
      written.push_back(export_npz(directory, prediction, format == "mini_npz"));
  }
  for (const FeatureMap& map : prediction.features)
    written.push_back(export_features(directory, prediction, map));
  return written;
} catch (const std::bad_alloc&) {
  throw Error(DA3_E_NOMEM_HOST, "exporting to \"" + directory.string() +
                                    "\" failed: not enough memory; use fewer views or a smaller process_res");
} catch (const cv::Exception& failed) {
  throw Error(DA3_E_INTERNAL, "exporting to \"" + directory.string() + "\" failed: " + failed.err);
}

}  // namespace da3::io
