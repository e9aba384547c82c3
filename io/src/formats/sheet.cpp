// SPDX-License-Identifier: Apache-2.0
// sheet.png: a contact sheet. A cell for each view, its image, depth and confidence beside each other, named
// below. The sheet is bounded: cells shrink with the number of views, and of very many views it shows some,
// evenly chosen.
#include "files.hpp"
#include "formats/formats.hpp"
#include "percentile.hpp"
#include "quiet.hpp"

#include <da3/error.hpp>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace da3::io {
namespace {

constexpr int largest_tile = 320, smallest_tile = 64;  ///< the longer side of a picture
constexpr int gap = 6, label_height = 16;
constexpr int64_t most_pixels = int64_t{1} << 24;
constexpr double text_scale = 0.4;
const cv::Scalar background(32, 32, 32), ink(230, 230, 230);

struct Layout {
  cv::Size tile;
  int pictures, columns, rows;
  int64_t views;  ///< that are shown

  int cell_width() const { return pictures * tile.width + gap; }
  int cell_height() const { return tile.height + label_height + gap; }
  cv::Size size() const { return {gap + columns * cell_width(), gap + rows * cell_height()}; }
};

/// Nearly square, with tiles of this long side.
Layout layout_of(const Prediction& p, int64_t views, int long_side) {
  const double scale = static_cast<double>(long_side) / static_cast<double>(std::max(p.height, p.width));
  const auto scaled = [&](int64_t side) {
    return std::max(1, static_cast<int>(std::lround(static_cast<double>(side) * scale)));
  };
  Layout layout{{scaled(p.width), scaled(p.height)}, p.confidence.empty() ? 2 : 3, 1, 1, views};
  const double wanted = std::sqrt(static_cast<double>(views) * layout.cell_height() / layout.cell_width());
  layout.columns = static_cast<int>(std::clamp<int64_t>(std::llround(wanted), 1, views));
  layout.rows = static_cast<int>((views + layout.columns - 1) / layout.columns);
  return layout;
}

bool fits(const Layout& layout) {
  return static_cast<int64_t>(layout.size().width) * layout.size().height <= most_pixels;
}

Layout choose_layout(const Prediction& p) {
  const int natural = static_cast<int>(std::min<int64_t>(std::max(p.height, p.width), largest_tile));
  int tile = natural;
  while (tile > smallest_tile && !fits(layout_of(p, p.views, tile)))
    tile = std::max(smallest_tile, tile * 9 / 10);
  int64_t views = p.views;
  while (views > 1 && !fits(layout_of(p, views, tile))) views = views * 9 / 10;
  return layout_of(p, views, tile);
}

/// Grey between the view's 2nd and 98th percentile, bright where it is sure.
std::vector<uint8_t> grey_confidence(const std::vector<float>& values) {
  const auto each = [&](auto&& visit) {
    for (const float value : values)
      if (!std::isnan(value)) visit(value);
  };
  size_t count = 0;
  each([&](float) { ++count; });
  std::vector<uint8_t> grey(values.size() * 3, 0);
  if (count == 0) return grey;
  const Percentiles percentiles(each, count);
  const double low = percentiles(2), range = std::max(percentiles(98) - low, 1e-9);
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const double share = std::clamp((static_cast<double>(values[i]) - low) / range, 0.0, 1.0);
    std::fill_n(grey.begin() + static_cast<std::ptrdiff_t>(i * 3), 3, static_cast<uint8_t>(share * 255));
  }
  return grey;
}

void put_picture(cv::Mat& sheet, const Prediction& p, std::vector<uint8_t> rgb, cv::Rect at) {
  const cv::Mat picture(static_cast<int>(p.height), static_cast<int>(p.width), CV_8UC3, rgb.data());
  cv::Mat tile = sheet(at);
  cv::resize(picture, tile, at.size(), 0, 0, cv::INTER_AREA);
}

int text_width(const std::string& text) {
  int below = 0;
  return cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, text_scale, 1, &below).width;
}

/// The font has ASCII only. What is too wide loses its middle, for names differ at their ends.
std::string label_of(const Prediction& p, int64_t view, int width) {
  std::string text = p.files.empty() ? "view " + std::to_string(view)
                                     : p.files[static_cast<size_t>(view)].filename().string();
  std::string plain;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;  // of UTF-8's characters the first byte only
    plain.push_back(byte >= 32 && byte < 127 ? c : '?');
  }
  if (text_width(plain) <= width) return plain;
  for (size_t kept = plain.size() - 1; kept > 0; --kept) {
    const size_t head = kept / 2, tail = kept - head;
    const std::string cut = plain.substr(0, head) + ".." + plain.substr(plain.size() - tail);
    if (text_width(cut) <= width) return cut;
  }
  return {};
}

void put_view(cv::Mat& sheet, const ExportJob& job, const OutputMaps& maps, const Layout& layout,
              int64_t view, cv::Point corner) {
  const Prediction& p = job.prediction;
  const auto tile = [&](int i) {
    return cv::Rect(corner + cv::Point(i * layout.tile.width, 0), layout.tile);
  };
  put_picture(sheet, p, maps.image(view), tile(0));
  put_picture(sheet, p, colour_depth(maps.depth(view).data(), p.height, p.width, job.options.colormap),
              tile(1));
  if (!p.confidence.empty()) put_picture(sheet, p, grey_confidence(maps.confidence(view)), tile(2));
  const std::string label = label_of(p, view, layout.pictures * layout.tile.width);
  cv::putText(sheet, label, corner + cv::Point(0, layout.tile.height + label_height - 4),
              cv::FONT_HERSHEY_SIMPLEX, text_scale, ink, 1, cv::LINE_AA);
}

}  // namespace

void write_sheet(const ExportJob& job) {
  const Layout layout = choose_layout(job.prediction);
  const OutputMaps maps(job.prediction, false);
  cv::Mat sheet(layout.size(), CV_8UC3, background);
  for (int64_t i = 0; i < layout.views; ++i) {
    const auto column = static_cast<int>(i % layout.columns), row = static_cast<int>(i / layout.columns);
    const cv::Point corner(gap + column * layout.cell_width(), gap + row * layout.cell_height());
    put_view(sheet, job, maps, layout, i * job.prediction.views / layout.views, corner);
  }
  cv::cvtColor(sheet, sheet, cv::COLOR_RGB2BGR);
  const auto file = job.directory / "sheet.png";
  const Quiet quiet;
  std::vector<uint8_t> bytes;
  if (!cv::imencode(".png", sheet, bytes) || bytes.empty())
    throw Error(DA3_E_INTERNAL,
                "encoding \"" + file.string() + "\" failed: OpenCV does not say why; please report this");
  write_file_atomic(file, bytes);
  job.written.push_back(file);
}

}  // namespace da3::io
