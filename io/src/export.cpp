// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/export.hpp>
#include <da3/io/settings.hpp>

#include "colour_maps.hpp"
#include "files.hpp"
#include "formats/formats.hpp"
#include "formats/image_names.hpp"
#include "npz.hpp"

#include <opencv2/core.hpp>

#include <algorithm>
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

fs::path export_features(const fs::path& directory, const Prediction& p, const FeatureMap& map) {
  const fs::path path =
      directory / "exports" / "features" / ("feat_layer_" + std::to_string(map.block) + ".npy");
  AtomicFile file(path);
  const std::vector<uint8_t> head = npy_head("<f4", {p.views, map.rows, map.columns, map.channels});
  file.write(head.data(), head.size());
  file.write(map.values.data(), map.values.size_bytes());
  file.commit();
  return path;
}

void check_length(const char* name, size_t have, int64_t views, int64_t each) {
  if (have != 0 && have != static_cast<size_t>(views * each))
    throw Error(DA3_E_SHAPE, std::string("exporting failed: ") + name + " has " + std::to_string(have) +
                                 " values where " + std::to_string(views) + " views need " +
                                 std::to_string(views * each) + "; please report this");
}

void check_shapes(const Prediction& p) {
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
  check_length("files", p.files.size(), p.views, 1);
  check_length("original_sizes", p.original_sizes.size(), p.views, 1);
  check_length("uncut_sizes", p.uncut_sizes.size(), p.views, 1);
  const Gaussians& g = p.gaussians;
  check_length("gaussians' means", g.means.size(), p.views, pixels * 3);
  check_length("gaussians' scales", g.scales.size(), p.views, pixels * 3);
  check_length("gaussians' rotations", g.rotations.size(), p.views, pixels * 4);
  check_length("gaussians' opacities", g.opacities.size(), p.views, pixels);
  check_length("gaussians' extrinsics", g.extrinsics.size(), p.views, 12);
  if (!g.means.empty() && (g.harmonics.empty() || g.harmonics.size() % g.means.size() != 0))
    check_length("gaussians' harmonics", std::max<size_t>(g.harmonics.size(), 1), p.views, pixels * 3);
  for (const FeatureMap& map : p.features)
    check_length("a feature map", map.values.size(), p.views, map.rows * map.columns * map.channels);
  if (p.depth.empty())
    throw Error(DA3_E_INVALID, "exporting failed: there is no depth; ask the model for it");
}

void require(bool there, const std::string& format, const char* what, const char* advice) {
  if (!there)
    throw Error(DA3_E_INVALID, "exporting " + format + " failed: it needs the " + what + "; " + advice);
}

void check_needs(const std::string& name, const Prediction& p, const ExportOptions& options,
                 const OutputMaps& maps) {
  const Format& format = *find_format(name);
  require(format.images != Use::required || !p.images.empty(), name, "images", "use mini_npz without them");
  require(format.extrinsics != Use::required || !p.extrinsics.empty(), name, "poses of the cameras",
          "use ply, or a model that gives poses");
  require(format.intrinsics != Use::required || !p.intrinsics.empty(), name, "intrinsics",
          "give a focal length, or use npz");
  const Gaussians& g = p.gaussians;
  const bool gaussians = !g.means.empty() && !g.scales.empty() && !g.rotations.empty() &&
                         !g.opacities.empty() && !g.harmonics.empty();
  require(!format.gaussians || gaussians, name, "gaussians", "use a model that gives them, or ply");
  require(!format.features || !p.features.empty(), name, "features of blocks",
          "name some with --export-feat");
  if (name == "gs_video") check_gs_video(p, options);
  if (name == "colmap_text")
    for (const std::string& image : image_names(p.files))
      if (image.find_first_of(" \t\n\r") != std::string::npos)
        throw Error(
            DA3_E_INVALID,
            "exporting colmap_text failed: the name \"" + image +
                "\" has a space or a line break, and COLMAP reads names of its text format only up to "
                "there; use colmap, or rename the image");
  if (name == "npz" || name == "mini_npz") {
    if (!maps.one_size())
      throw Error(DA3_E_SHAPE, "exporting " + name +
                                   " in the original size failed: the images differ in size, and an array "
                                   "has one; use --output-size processed, or raw or tiff32");
  }
  if (name != "depth_vis") return;
  for (int64_t view = 0; view < p.views; ++view)
    if (std::max(maps.height(view), 2 * maps.width(view)) > 65500)
      throw Error(DA3_E_SHAPE, "exporting depth_vis failed: a JPEG has at most 65500 pixels a side; use npz");
}

void check_original_size(const Prediction& p) {
  if (p.files.empty() || p.original_sizes.empty())
    throw Error(DA3_E_INVALID,
                "exporting in the original size failed: there are no image files; use the processed size");
  for (const auto& [height, width] : p.uncut_sizes)
    if (height != p.height || width != p.width)
      throw Error(
          DA3_E_INVALID,
          "exporting in the original size failed: parts of the images were cut off before the network "
          "saw them; use a process_res_method ending in _resize and images of one shape");
}

void check_options(const ExportOptions& options) {
  if (!(options.conf_thresh_percentile >= 0 && options.conf_thresh_percentile <= 100) ||
      options.num_max_points < 1)
    throw Error(DA3_E_BAD_VALUE,
                "exporting failed: conf_thresh_percentile must be 0 to 100 and num_max_points "
                "at least 1; change them");
  colour_map(options.colormap);
}

void write_format(const std::string& format, const ExportJob& job) {
  if (format == "npz") return write_npz_arrays(job, false);
  if (format == "mini_npz") return write_npz_arrays(job, true);
  if (format == "depth_vis") return write_depth_vis(job);
  if (format == "sheet") return write_sheet(job);
  if (format == "feat_vis") return write_feat_vis(job);
  if (format == "glb") return write_glb(job);
  if (format == "ply") return write_ply(job);
  if (format == "gs_ply") return write_gs_ply(job);
  if (format == "gs_video") return write_gs_video(job);
  if (format == "colmap") return write_colmap(job, false);
  if (format == "colmap_text") return write_colmap(job, true);
  if (format == "png16") return write_png16(job);
  if (format == "exr") return write_exr(job);
  if (format == "pfm") return write_pfm(job);
  if (format == "tiff32") return write_tiff32(job);
  if (format == "raw") return write_raw(job);
  throw Error(DA3_E_INTERNAL, "exporting " + format + " failed: nobody writes it; please report this");
}

}  // namespace

const ExportTable& export_table() {
  static const ExportTable table = make_export_table();
  return table;
}

std::vector<fs::path> export_prediction(const std::vector<std::string>& formats, const fs::path& directory,
                                        const Prediction& prediction, const ExportOptions& options) try {
  for (const std::string& format : formats) parse_formats(format);
  check_options(options);
  check_shapes(prediction);
  if (options.original_size) check_original_size(prediction);
  const OutputMaps maps(prediction, options.original_size);
  for (const std::string& format : formats) check_needs(format, prediction, options, maps);
  std::vector<fs::path> written;
  const ExportJob job{directory, prediction, options, maps, written};
  for (const std::string& format : formats) write_format(format, job);
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
