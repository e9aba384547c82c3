// SPDX-License-Identifier: Apache-2.0
#include "resize.hpp"

#include "quiet.hpp"

#include <da3/error.hpp>
#include <da3/io/settings.hpp>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <new>

namespace da3::io {
namespace {

constexpr int64_t patch = 14;
constexpr int64_t max_process_res = 16384;
constexpr int64_t max_batch_pixels = int64_t{1} << 31;

using Size = ResizePlan::Size;

int64_t scale_side(int64_t side, double scale) {
  return std::max<int64_t>(1,
                           std::llrint(static_cast<double>(side) * scale));  // half to even, as Python rounds
}

/// Ties go up: 7 -> 14.
int64_t nearest_multiple(int64_t side) {
  const int64_t down = side / patch * patch, up = down + patch;
  return up - side <= side - down ? up : down;
}

cv::Mat resized(const cv::Mat& from, Size to, bool enlarges) {
  cv::Mat result;
  cv::resize(from, result, cv::Size(static_cast<int>(to.width), static_cast<int>(to.height)), 0, 0,
             enlarges ? cv::INTER_CUBIC : cv::INTER_AREA);
  return result;
}

void scale_rows(Intrinsics& k, Size from, Size to) {
  const float x = static_cast<float>(static_cast<double>(to.width) / static_cast<double>(from.width));
  const float y = static_cast<float>(static_cast<double>(to.height) / static_cast<double>(from.height));
  for (int i = 0; i < 3; ++i) k[i] *= x, k[3 + i] *= y;
}

std::string text(Size size) { return std::to_string(size.width) + "x" + std::to_string(size.height); }

}  // namespace

void check_options(const PreprocessOptions& options) {
  if (options.process_res < 1 || options.process_res > max_process_res)
    throw Error(DA3_E_BAD_VALUE, "process_res " + std::to_string(options.process_res) +
                                     " cannot be used: it must be 1 to " + std::to_string(max_process_res) +
                                     "; 504 is the usual value");
  const auto& methods = process_res_methods;
  if (std::none_of(methods.begin(), methods.end(),
                   [&](const Choice& choice) { return choice.name == options.process_res_method; })) {
    std::string all;
    for (const Choice& choice : methods) all.append(all.empty() ? "" : ", ").append(choice.name);
    throw Error(DA3_E_BAD_VALUE,
                "process_res_method \"" + options.process_res_method + "\" is unknown; use one of " + all);
  }
}

void check_counts(size_t images, size_t intrinsics) {
  if (images == 0) throw Error(DA3_E_INVALID, "preparing images failed: there are none; name at least one");
  if (intrinsics != 0 && intrinsics != images)
    throw Error(DA3_E_INVALID, "preparing images failed: there are " + std::to_string(images) +
                                   " images and " + std::to_string(intrinsics) +
                                   " intrinsics; give one for each image or none");
}

ResizePlan plan_resize(int64_t height, int64_t width, const PreprocessOptions& options,
                       const std::string& name) {
  const bool lower = options.process_res_method.starts_with("lower_bound");
  ResizePlan plan;
  plan.crop = options.process_res_method.ends_with("_crop");
  plan.original = plan.bounded = {height, width};
  const int64_t side = lower ? std::min(height, width) : std::max(height, width);
  if (side != options.process_res) {
    const double scale = static_cast<double>(options.process_res) / static_cast<double>(side);
    plan.bounded = {scale_side(height, scale), scale_side(width, scale)};
    plan.enlarges = scale > 1.0;
  }
  const auto to_multiple = [&](int64_t n) { return plan.crop ? n / patch * patch : nearest_multiple(n); };
  plan.final_size = {to_multiple(plan.bounded.height), to_multiple(plan.bounded.width)};
  const std::string what = "resizing " + name + " (" + text(plan.original) + " pixels) with " +
                           options.process_res_method + " to process_res " +
                           std::to_string(options.process_res) + " failed: ";
  if (plan.final_size.height == 0 || plan.final_size.width == 0)
    throw Error(DA3_E_SHAPE,
                what + "it would be " + text(plan.bounded) +
                    " pixels, and a side of less than one patch (14) is left with none; use a larger "
                    "process_res, or a picture that is less long and thin");
  // Divided rather than multiplied: both are below 2^45, but that is not to be relied on.
  if (std::max(plan.bounded.height, plan.final_size.height) >
      max_image_pixels / std::max(plan.bounded.width, plan.final_size.width))
    throw Error(DA3_E_SHAPE,
                what + "it would be " + text(plan.bounded) +
                    " pixels, more than the limit; use a smaller process_res or an upper_bound method");
  return plan;
}

ResizePlan::Size common_size(const std::vector<ResizePlan::Size>& sizes) {
  Size common{INT64_MAX, INT64_MAX};
  for (const Size& size : sizes) {
    common.height = std::min(common.height, size.height);
    common.width = std::min(common.width, size.width);
  }
  if (static_cast<int64_t>(sizes.size()) > max_batch_pixels / (common.height * common.width))
    throw Error(DA3_E_SHAPE,
                "preparing " + std::to_string(sizes.size()) + " images of " + text(common) +
                    " pixels failed: they are too many for one scene; use fewer or a smaller process_res");
  return common;
}

Image resize_image(const Image& image, const ResizePlan& plan) try {
  const Quiet quiet;
  // cv::Mat has no constant view; resize and crop only read it.
  cv::Mat pixels(static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3,
                 const_cast<uint8_t*>(image.rgb.data()));
  if (plan.bounded != plan.original) pixels = resized(pixels, plan.bounded, plan.enlarges);
  if (plan.final_size != plan.bounded) {
    const Size to = plan.final_size, from = plan.bounded;
    if (plan.crop)
      pixels = pixels(cv::Rect(static_cast<int>((from.width - to.width) / 2),
                               static_cast<int>((from.height - to.height) / 2), static_cast<int>(to.width),
                               static_cast<int>(to.height)));
    else
      pixels = resized(pixels, to, to.width > from.width || to.height > from.height);
  }
  Image result{plan.final_size.height, plan.final_size.width, {}};
  result.rgb.resize(static_cast<size_t>(result.height * result.width * 3));
  pixels.copyTo(cv::Mat(pixels.rows, pixels.cols, CV_8UC3, result.rgb.data()));
  return result;
} catch (const cv::Exception& failed) {
  if (failed.code == cv::Error::StsNoMem) throw std::bad_alloc();
  throw Error(DA3_E_INTERNAL, "resizing " + text(plan.original) + " pixels to " + text(plan.final_size) +
                                  " failed: " + failed.err + "; please report this");
}

Intrinsics resize_intrinsics(const Intrinsics& intrinsics, const ResizePlan& plan) {
  Intrinsics k = intrinsics;
  scale_rows(k, plan.original, plan.bounded);
  if (plan.crop) {
    k[2] -= static_cast<float>((plan.bounded.width - plan.final_size.width) / 2);
    k[5] -= static_cast<float>((plan.bounded.height - plan.final_size.height) / 2);
  } else {
    scale_rows(k, plan.bounded, plan.final_size);
  }
  return k;
}

}  // namespace da3::io
