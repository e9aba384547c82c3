// SPDX-License-Identifier: Apache-2.0
#include "scenes/scene_plan.hpp"

#include <cstdio>

#include "exit_code.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

std::string gigabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f GB", static_cast<double>(bytes) / 1e9);
  return text;
}

Tensor shape_only(const char* name, DType dtype, std::vector<int64_t> shape) {
  return Tensor::borrow(name, dtype, std::move(shape), static_cast<const void*>(nullptr));
}

[[noreturn]] void refuse(const ScenePlan& plan, const Memory& memory) {
  throw PhaseError(
      Phase::run,
      Error(DA3_E_NOMEM_HOST,
            "\"" + plan.scene->name + "\" does not fit into memory: " + std::to_string(plan.size.views) +
                (plan.size.views == 1 ? " view of " : " views of ") + std::to_string(plan.size.width) + "x" +
                std::to_string(plan.size.height) + " need about " + gigabytes(memory.peak) +
                " with the model's " + gigabytes(memory.weights) + ", the limit is " +
                gigabytes(memory.limit) +
                "; use fewer views, a smaller --process-res, performance_mode: minimal or a higher "
                "memory_fraction"));
}

bool is_of_one_file(const Error& error) {
  return error.code() != DA3_E_NOMEM_HOST && error.code() != DA3_E_BAD_VALUE;
}

/// Whether the scene goes on without the file that an error is of.
bool can_do_without(const SceneContext& context, const Scene& scene, const Error& error) {
  return scene.files.size() > 1 && !context.cameras->go_by_order() && is_of_one_file(error);
}

/// Takes the files that cannot be read by themselves out of the scene; throws where none is left.
void leave_out_broken(const SceneContext& context, Scene& scene, std::vector<SkippedImage>& skipped) {
  std::vector<fs::path> kept;
  std::exception_ptr first;
  for (const fs::path& file : scene.files) {
    try {
      context.io->plan_views({file}, context.preprocess);
      kept.push_back(file);
    } catch (const Error& error) {
      if (!is_of_one_file(error)) throw;
      if (!first) first = std::current_exception();
      skipped.push_back({file, error.message()});
    }
  }
  if (kept.empty()) std::rethrow_exception(first);
  scene.files = std::move(kept);
  for (const SkippedImage& image : skipped) log(LogLevel::warn, image.reason + "; it is left out");
}

/// The sizes of the files that can be read; the others leave the scene. One by one only where the scene
/// cannot be planned as it is: each look reads the file's structure.
io::ViewsPlan plan_readable(const SceneContext& context, Scene& scene, std::vector<SkippedImage>& skipped) {
  try {
    return context.io->plan_views(scene.files, context.preprocess);
  } catch (const Error& error) {
    if (!can_do_without(context, scene, error)) throw;
  }
  leave_out_broken(context, scene, skipped);
  return context.io->plan_views(scene.files, context.preprocess);
}

}  // namespace

ScenePlan plan_scene(const SceneContext& context, const Scene& scene, size_t item) {
  return in_phase(Phase::input, [&] {
    ScenePlan plan;
    plan.item = item;
    Scene readable = scene;
    plan.size = plan_readable(context, readable, plan.skipped);
    plan.scene = std::make_shared<const Scene>(std::move(readable));
    plan.cameras = context.cameras->of(*plan.scene, context.images, plan.size.original_sizes);
    return plan;
  });
}

bool plan_without(const SceneContext& context, ScenePlan& plan, const Error& error) {
  constexpr int64_t of_a_file = 2;
  const std::vector<fs::path>& files = plan.scene->files;
  if (error.kind() != of_a_file || error.index() < 0 || static_cast<size_t>(error.index()) >= files.size() ||
      !can_do_without(context, *plan.scene, error))
    return false;
  Scene rest = *plan.scene;
  rest.files.erase(rest.files.begin() + static_cast<std::ptrdiff_t>(error.index()));
  ScenePlan anew = plan_scene(context, rest, plan.item);
  plan.skipped.push_back({files[static_cast<size_t>(error.index())], error.message()});
  plan.skipped.insert(plan.skipped.end(), anew.skipped.begin(), anew.skipped.end());
  plan.scene = std::move(anew.scene);
  plan.size = std::move(anew.size);
  plan.cameras = std::move(anew.cameras);
  plan.planned_anew = true;
  return true;
}

bool same_size(const ScenePlan& a, const ScenePlan& b) {
  return a.size.views == b.size.views && a.size.height == b.size.height && a.size.width == b.size.width;
}

RunRequest request_for(const SceneContext& context, const ScenePlan& plan, size_t scenes) {
  const auto batch = static_cast<int64_t>(scenes);
  const io::ViewsPlan& size = plan.size;
  RunRequest request;
  request.inputs = {shape_only("image", DType::uint8, {batch, size.views, size.height, size.width, 3})};
  if (!plan.cameras.extrinsics.empty()) {
    request.inputs.push_back(shape_only("extrinsics", DType::float32, {batch, size.views, 4, 4}));
    request.inputs.push_back(shape_only("intrinsics", DType::float32, {batch, size.views, 3, 3}));
  }
  request.outputs = context.outputs;
  request.output_memory = OutputMemory::plugin;  // else every output would be there twice for a moment
  return request;
}

size_t scenes_that_fit(const SceneContext& context, const ScenePlan& plan, size_t most) {
  for (size_t scenes = std::max<size_t>(most, 1);; --scenes) {
    Memory memory;
    try {
      memory =
          in_phase(Phase::run, [&] { return context.model->estimate(request_for(context, plan, scenes)); });
    } catch (const PhaseError& error) {
      if (error.code() == DA3_E_UNSUPPORTED) return scenes;
      throw;
    }
    if (memory.peak == UINT64_MAX || memory.peak <= memory.limit) return scenes;
    if (scenes == 1) refuse(plan, memory);
  }
}

}  // namespace da3::host
