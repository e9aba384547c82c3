// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/preprocess.hpp>

#include "resize.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <exception>
#include <functional>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

namespace da3::io {
namespace {

struct Prepared {
  Image image;
  ResizePlan plan;
  Intrinsics intrinsics{};
  double decode_ms = 0, resize_ms = 0;
};

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

/// Error of the item with the lowest index: items are taken in order and each taken one is finished, so that
/// no schedule changes which error is reported.
class FirstFailure {
 public:
  bool any() const { return any_.load(std::memory_order_relaxed); }
  void add(size_t index, std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (index < index_) index_ = index, failure_ = std::move(failure);
    any_ = true;
  }
  void rethrow() const {
    if (!failure_) return;
    try {
      std::rethrow_exception(failure_);
    } catch (const Error& error) {
      throw Error(error.code(), error.message(), 2, static_cast<int64_t>(index_), error.native());
    } catch (const std::bad_alloc&) {
      throw Error(DA3_E_NOMEM_HOST,
                  "preparing image " + std::to_string(index_ + 1) +
                      " failed: not enough memory; use fewer workers, fewer images or a smaller process_res",
                  2, static_cast<int64_t>(index_));
    }
  }

 private:
  std::atomic<bool> any_{false};
  std::mutex mutex_;
  size_t index_ = SIZE_MAX;
  std::exception_ptr failure_;
};

void for_each_index(size_t count, int workers, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next{0};
  FirstFailure failure;
  const auto loop = [&] {
    while (!failure.any()) {
      const size_t index = next++;
      if (index >= count) return;
      try {
        work(index);
      } catch (...) {
        failure.add(index, std::current_exception());
      }
    }
  };
  const size_t wanted = std::min(count, static_cast<size_t>(std::clamp(workers, 1, 1024)));
  std::vector<std::thread> threads;
  threads.reserve(wanted);
  try {
    for (size_t i = 1; i < wanted; ++i) threads.emplace_back(loop);
  } catch (const std::system_error&) {  // no more threads to be had: those that run do the work
  }
  loop();
  for (std::thread& thread : threads) thread.join();
  failure.rethrow();
}

/// Centre crop to the smallest height and width. All sides are multiples of 14, so half of a difference is
/// whole and torchvision's rounding of it cannot matter.
Views unify(std::vector<Prepared>& prepared, bool with_intrinsics) {
  Views out;
  std::vector<ResizePlan::Size> sizes;
  for (const Prepared& view : prepared) sizes.push_back({view.image.height, view.image.width});
  const ResizePlan::Size common = common_size(sizes);
  out.views = static_cast<int64_t>(prepared.size());
  out.height = common.height;
  out.width = common.width;
  const size_t row = static_cast<size_t>(out.width) * 3;
  out.pixels.resize(static_cast<size_t>(out.views * out.height) * row);
  uint8_t* to = out.pixels.data();
  for (Prepared& view : prepared) {
    const int64_t top = (view.image.height - out.height) / 2, left = (view.image.width - out.width) / 2;
    for (int64_t y = 0; y < out.height; ++y, to += row)
      std::memcpy(to, view.image.rgb.data() + ((y + top) * view.image.width + left) * 3, row);
    out.original_sizes.push_back({view.plan.original.height, view.plan.original.width});
    out.sizes_before_unify.push_back({view.image.height, view.image.width});
    const auto& whole = view.plan.crop ? view.plan.bounded : view.plan.final_size;
    out.uncut_sizes.push_back({whole.height, whole.width});
    if (with_intrinsics) {
      view.intrinsics[2] -= static_cast<float>(left);
      view.intrinsics[5] -= static_cast<float>(top);
      out.intrinsics.push_back(view.intrinsics);
    }
    out.decode_ms += view.decode_ms;
    out.resize_ms += view.resize_ms;
    view.image.rgb = {};
  }
  return out;
}

void resize_one(Prepared& view, const Image& image, const std::string& name, const PreprocessOptions& options,
                const Intrinsics* intrinsics) {
  const auto begin = std::chrono::steady_clock::now();
  if (image.height < 1 || image.width < 1 ||
      image.rgb.size() / 3 / static_cast<size_t>(image.width) != static_cast<size_t>(image.height))
    throw Error(DA3_E_SHAPE, "resizing " + name +
                                 " failed: its pixels do not fit its height and width; give 3 bytes a pixel");
  view.plan = plan_resize(image.height, image.width, options, name);
  view.image = resize_image(image, view.plan);
  if (intrinsics != nullptr) view.intrinsics = resize_intrinsics(*intrinsics, view.plan);
  view.resize_ms = milliseconds_since(begin);
}

}  // namespace

Views load_views(const std::vector<std::filesystem::path>& files, const PreprocessOptions& options,
                 const std::vector<Intrinsics>& intrinsics, const std::vector<Lens>& lenses) {
  check_options(options);
  check_counts(files.size(), intrinsics.size());
  check_counts(files.size(), lenses.size());
  if (!lenses.empty() && intrinsics.empty())
    throw Error(DA3_E_INVALID, "taking out the distortion of lenses failed: it needs intrinsics; give both");
  std::vector<Prepared> prepared(files.size());
  for_each_index(files.size(), options.workers, [&](size_t i) {
    const auto begin = std::chrono::steady_clock::now();
    Image image = read_image(files[i], options.exif_rotation);
    prepared[i].decode_ms = milliseconds_since(begin);
    Intrinsics known = intrinsics.empty() ? Intrinsics{} : intrinsics[i];
    if (!lenses.empty() && lenses[i].distorts()) image = undistort(image, lenses[i], known);
    resize_one(prepared[i], image, "\"" + files[i].string() + "\"", options,
               intrinsics.empty() ? nullptr : &known);
  });
  return unify(prepared, !intrinsics.empty());
}

Views prepare_views(const std::vector<Image>& images, const PreprocessOptions& options,
                    const std::vector<Intrinsics>& intrinsics) {
  check_options(options);
  check_counts(images.size(), intrinsics.size());
  std::vector<Prepared> prepared(images.size());
  for_each_index(images.size(), options.workers, [&](size_t i) {
    resize_one(prepared[i], images[i], "image " + std::to_string(i + 1), options,
               intrinsics.empty() ? nullptr : &intrinsics[i]);
  });
  return unify(prepared, !intrinsics.empty());
}

}  // namespace da3::io
