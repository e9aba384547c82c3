// SPDX-License-Identifier: Apache-2.0
// One writer for each output format. All get a prediction that export_prediction has checked, write below
// `directory` and append the files they made.
#pragma once

#include <da3/io/export.hpp>

#include "formats/output_maps.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace da3::io {

struct ExportJob {
  const std::filesystem::path& directory;
  const Prediction& prediction;
  const ExportOptions& options;
  const OutputMaps& maps;  ///< of the output size
  std::vector<std::filesystem::path>& written;
};

void write_npz_arrays(const ExportJob& job, bool mini);
void write_depth_vis(const ExportJob& job);
void write_sheet(const ExportJob& job);
void write_feat_vis(const ExportJob& job);
void write_glb(const ExportJob& job);
void write_ply(const ExportJob& job);
void write_gs_ply(const ExportJob& job);
void write_gs_video(const ExportJob& job);
void write_colmap(const ExportJob& job, bool text);
void write_png16(const ExportJob& job);
void write_exr(const ExportJob& job);
void write_pfm(const ExportJob& job);
void write_tiff32(const ExportJob& job);
void write_raw(const ExportJob& job);

/// What may be wrong before a picture is rendered: a name, too few views for the trajectory, harmonics that
/// nobody knows, no library for videos. Throws Error.
void check_gs_video(const Prediction& prediction, const ExportOptions& options);

/// directory/folder/0007.extension
std::filesystem::path view_file(const ExportJob& job, const char* folder, int64_t view,
                                const char* extension);

/// Two pictures of one size beside each other: RGB, [height, 2 * width, 3].
std::vector<uint8_t> side_by_side(const std::vector<uint8_t>& left, const std::vector<uint8_t>& right,
                                  int64_t height, int64_t width);

/// A view as depth_vis shows it, in the size of the maps: a JPEG.
std::vector<uint8_t> depth_picture(const OutputMaps& maps, int64_t view, const std::string& colormap);

/// RGB, quality 95. Throws Error(DA3_E_INTERNAL).
std::vector<uint8_t> encode_jpeg(const std::vector<uint8_t>& rgb, int64_t height, int64_t width);

}  // namespace da3::io
