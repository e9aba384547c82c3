// SPDX-License-Identifier: Apache-2.0
// Depth itself, one file for each view: png16, pfm, tiff32, exr, raw.
#include "files.hpp"
#include "formats/formats.hpp"
#include "quiet.hpp"

#include <da3/error.hpp>

#include <ImfChannelList.h>
#include <ImfFrameBuffer.h>
#include <ImfHeader.h>
#include <ImfIO.h>
#include <ImfOutputFile.h>
#include <ImfStandardAttributes.h>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace da3::io {
namespace {

constexpr double largest = 65535;

/// stored = (depth - offset) / step, rounded, at least 1; 0: no depth.
struct Png16Scale {
  double offset = 0, step = 0.001;
};

Png16Scale png16_scale(const Prediction& p) {
  if (p.is_metric) return {};
  float low = std::numeric_limits<float>::infinity(), high = -low;
  for (const float depth : p.depth)
    if (depth > 0 && std::isfinite(depth)) low = std::min(low, depth), high = std::max(high, depth);
  if (!(low < high)) return {low - 1.0, 1};  // one depth, or none: 1 everywhere
  const double step = (static_cast<double>(high) - static_cast<double>(low)) / (largest - 1);
  return {static_cast<double>(low) - step, step};
}

void write_encoded(const ExportJob& job, const char* folder, const char* extension, int64_t view,
                   const cv::Mat& image) {
  const auto file = view_file(job, folder, view, extension);
  const Quiet quiet;
  std::vector<uint8_t> bytes;
  if (!cv::imencode(extension, image, bytes) || bytes.empty())
    throw Error(DA3_E_INTERNAL,
                "encoding \"" + file.string() + "\" failed: OpenCV does not say why; please report this");
  write_file_atomic(file, bytes);
  job.written.push_back(file);
}

/// OpenEXR writes its table of offsets last, at the beginning.
class MemoryStream : public Imf::OStream {
 public:
  MemoryStream() : Imf::OStream("memory") {}
  void write(const char* data, int count) override {
    const auto size = static_cast<size_t>(count);
    bytes.resize(std::max(bytes.size(), at_ + size));
    std::copy_n(data, size, bytes.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ += size;
  }
  decltype(std::declval<Imf::OStream&>().tellp()) tellp() override { return at_; }
  void seekp(decltype(std::declval<Imf::OStream&>().tellp()) position) override { at_ = position; }

  std::vector<uint8_t> bytes;

 private:
  size_t at_ = 0;
};

std::vector<uint8_t> encode_exr(std::vector<float>& depth, int64_t height, int64_t width, bool metric) {
  // "Y" and not "Z": OpenCV and most viewers read no other single channel.
  Imf::Header header(static_cast<int>(width), static_cast<int>(height));
  header.channels().insert("Y", Imf::Channel(Imf::FLOAT));
  Imf::addComments(header, std::string("z-depth, ") + (metric ? "metres" : "relative units") +
                               "; along the camera's axis");
  Imf::FrameBuffer pixels;
  pixels.insert("Y", Imf::Slice(Imf::FLOAT, reinterpret_cast<char*>(depth.data()), sizeof(float),
                                static_cast<size_t>(width) * sizeof(float)));
  MemoryStream stream;
  {
    Imf::OutputFile file(stream, header);
    file.setFrameBuffer(pixels);
    file.writePixels(static_cast<int>(height));
  }
  return std::move(stream.bytes);
}

}  // namespace

void write_png16(const ExportJob& job) {
  const Prediction& p = job.prediction;
  const Png16Scale scale = png16_scale(p);
  for (int64_t view = 0; view < p.views; ++view) {
    const std::vector<float> depth = job.maps.depth(view);
    cv::Mat image(static_cast<int>(job.maps.height(view)), static_cast<int>(job.maps.width(view)), CV_16U);
    std::transform(depth.begin(), depth.end(), image.ptr<uint16_t>(), [&](float d) {
      if (!(d > 0)) return uint16_t{0};
      return static_cast<uint16_t>(
          std::clamp(std::rint((static_cast<double>(d) - scale.offset) / scale.step), 1.0, largest));
    });
    write_encoded(job, "png16", ".png", view, image);
  }
  const nlohmann::ordered_json units{
      {"values", p.is_metric ? "millimetres" : "normalised"},
      {"depth", "offset + step * value, " + std::string(p.is_metric ? "metres" : "relative units")},
      {"offset", scale.offset},
      {"step", scale.step},
      {"no_depth", 0},
      {"largest", p.is_metric ? "65535 also stands for all that is farther" : "65535 is the farthest"}};
  const auto file = job.directory / "png16" / "units.json";
  write_text_atomic(file, units.dump(1) + "\n");
  job.written.push_back(file);
}

void write_pfm(const ExportJob& job) {
  // OpenCV encodes this one through a file in /tmp, and does not tell when that is cut short.
  for (int64_t view = 0; view < job.prediction.views; ++view) {
    const std::vector<float> depth = job.maps.depth(view);
    const auto width = static_cast<size_t>(job.maps.width(view));
    const auto path = view_file(job, "pfm", view, ".pfm");
    AtomicFile file(path);
    file.write("Pf\n" + std::to_string(width) + " " + std::to_string(job.maps.height(view)) + "\n-1\n");
    for (size_t row = depth.size(); row > 0; row -= width)  // rows from the bottom
      file.write(depth.data() + row - width, width * sizeof(float));
    file.commit();
    job.written.push_back(path);
  }
}

void write_tiff32(const ExportJob& job) {
  for (int64_t view = 0; view < job.prediction.views; ++view) {
    std::vector<float> depth = job.maps.depth(view);
    write_encoded(job, "tiff32", ".tiff", view,
                  cv::Mat(static_cast<int>(job.maps.height(view)), static_cast<int>(job.maps.width(view)),
                          CV_32F, depth.data()));
  }
}

void write_exr(const ExportJob& job) try {
  for (int64_t view = 0; view < job.prediction.views; ++view) {
    std::vector<float> depth = job.maps.depth(view);
    const auto file = view_file(job, "exr", view, ".exr");
    write_file_atomic(
        file, encode_exr(depth, job.maps.height(view), job.maps.width(view), job.prediction.is_metric));
    job.written.push_back(file);
  }
} catch (const Iex::BaseExc& failed) {
  throw Error(DA3_E_INTERNAL,
              std::string("encoding an OpenEXR image failed: ") + failed.what() + "; please report this");
}

void write_raw(const ExportJob& job) {
  for (int64_t view = 0; view < job.prediction.views; ++view) {
    const std::vector<float> depth = job.maps.depth(view);
    const auto file = view_file(job, "raw", view, ".bin");
    write_file_atomic(file, {reinterpret_cast<const uint8_t*>(depth.data()), depth.size() * sizeof(float)});
    job.written.push_back(file);
  }
}

}  // namespace da3::io
