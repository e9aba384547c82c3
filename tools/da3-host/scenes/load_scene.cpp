// SPDX-License-Identifier: Apache-2.0
#include "scenes/load_scene.hpp"

#include <algorithm>
#include <functional>

#include "exit_code.hpp"
#include "stopwatch.hpp"

namespace da3::host {
namespace {

/// The network gets as many pixels as were planned, and cameras are of the images as they were: a file may
/// have been written anew meanwhile.
void check_as_planned(const ScenePlan& plan, const io::Views& views) {
  const io::ViewsPlan& size = plan.size;
  if (views.views != size.views || views.height != size.height || views.width != size.width ||
      views.original_sizes != size.original_sizes)
    throw Error(DA3_E_INVALID, "reading the images of \"" + plan.scene->name +
                                   "\" failed: they are not as large as they were when the run began; run "
                                   "again when nothing writes to them");
}

/// Before the network runs.
void check_output_size(const SceneContext& context, const ScenePlan& plan, const io::Views& views) {
  if (!context.export_options.original_size) return;
  if (!plan.cameras.lenses.empty())
    throw Error(DA3_E_INVALID,
                "\"" + plan.scene->name +
                    "\" cannot be written in the original size: the distortion of its lenses is taken out, "
                    "and the files have it; use --output-size processed");
  for (const auto& [height, width] : views.sizes_before_unify)
    if (height != views.height || width != views.width)
      throw Error(DA3_E_INVALID,
                  "\"" + plan.scene->name +
                      "\" cannot be written in the original size: its images differ in shape and "
                      "were cut to the smallest; use --output-size processed or --mode "
                      "independent");
  const auto& sizes = views.original_sizes;
  const bool arrays = std::any_of(context.formats.begin(), context.formats.end(),
                                  [](const auto& format) { return format == "npz" || format == "mini_npz"; });
  if (arrays && std::adjacent_find(sizes.begin(), sizes.end(), std::not_equal_to<>()) != sizes.end())
    throw Error(DA3_E_INVALID,
                "\"" + plan.scene->name +
                    "\" cannot be written as npz in the original size: its images differ in "
                    "size, and an array has one; use raw or tiff32, or --output-size processed");
}

/// What only the decoder finds damaged leaves the scene, as what planning finds does. Nothing is said of it
/// where the scene fails all the same.
void load_readable(const SceneContext& context, LoadedScene& scene, const io::PreprocessOptions& options) {
  std::vector<std::string> damaged;
  for (bool loaded = false; !loaded;) try {
      const ScenePlan& plan = scene.plan;
      scene.views =
          context.io->load_views(plan.scene->files, options, plan.cameras.intrinsics, plan.cameras.lenses);
      loaded = true;
    } catch (const Error& error) {
      if (!plan_without(context, scene.plan, error)) throw;
      damaged.push_back(error.message());
    }
  for (const std::string& reason : damaged) log(LogLevel::warn, reason + "; it is left out");
}

}  // namespace

void load_scene(const SceneContext& context, LoadedScene& scene, int threads) {
  const RunProfile::Own span(context.profile, "read " + scene.plan.scene->name);
  Stopwatch watch;
  try {
    in_phase(Phase::input, [&] {
      io::PreprocessOptions options = context.preprocess;
      options.workers = threads;
      load_readable(context, scene, options);
      check_as_planned(scene.plan, scene.views);
      check_output_size(context, scene.plan, scene.views);
    });
  } catch (const PhaseError&) {
    scene.failure = std::current_exception();
    scene.views = {};
  }
  scene.read_ms = watch.lap();
}

uint64_t bytes_to_load(const ScenePlan& plan) {
  const io::ViewsPlan& size = plan.size;
  uint64_t largest = 0;
  for (const auto& [height, width] : size.original_sizes)
    largest = std::max(largest, static_cast<uint64_t>(height * width));
  // The decoder's picture and the same in another order of colours, both of 3 bytes a pixel.
  return static_cast<uint64_t>(size.views * size.height * size.width) * 3 + largest * 6;
}

}  // namespace da3::host
