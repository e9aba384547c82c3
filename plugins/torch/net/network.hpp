// SPDX-License-Identifier: Apache-2.0
// What every network of the family is to the engine: images of scenes in, asked-for outputs out.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "net/camera.hpp"
#include "net/gaussians.hpp"
#include "net/kernels.hpp"
#include "net/reference_view.hpp"
#include "net/run_control.hpp"

namespace da3::net {

struct NetInputs {
  at::Tensor image;       ///< uint8 [B, S, H, W, 3] on the device
  at::Tensor extrinsics;  ///< float32 [B, S, 4, 4] normalised, or undefined
  at::Tensor intrinsics;  ///< float32 [B, S, 3, 3], or undefined; needed with extrinsics
};

struct NetRequest {
  bool depth = true;  ///< with confidence, where the network has it
  bool cameras = false, rays = false, sky = false, scale_factor = false, gaussians = false;
  bool ray_pose = false;  ///< cameras from the rays instead of the camera decoder
  uint64_t seed = 0;      ///< of the draws of ray_pose
  std::vector<int64_t> features;
  ReferenceStrategy reference = ReferenceStrategy::saddle_balanced;
  int64_t head_chunk_views = 8;
};

/// Undefined where it was not asked for.
struct NetOutputs {
  at::Tensor depth, confidence, sky;       ///< [B, S, H, W]
  at::Tensor ray, ray_confidence;          ///< [B, S, 8 H/14, 8 W/14, 6] and the same without the last
  Cameras cameras;                         ///< [B, S, 3, 4], [B, S, 3, 3]
  std::map<int64_t, at::Tensor> features;  ///< [B, S, H/14, W/14, C]
  at::Tensor scale_factor;                 ///< [B]
  std::optional<Gaussians> gaussians;      ///< [B, S*H*W, ...]
  /// Of all that the heads read; not finite where a value of it is not. Heads may hide that: an activation
  /// that is part of a convolution makes 0 of an undefined value.
  at::Tensor sum;
};

/// A run between its two halves.
struct Computed {
  NetOutputs out;
  NetOutputs metric;  ///< nested models: of the metric network
  /// Tables that the launches read: they must live as long as somebody may launch the same again.
  std::vector<std::shared_ptr<const void>> tables;
};

/// Parts that are read when a run first asks for them, see on_demand.hpp.
struct PartsThere {
  bool camera_encoder = false, rays = false;
};

/// A run has two halves: one that only launches work on the device, and one that looks at results and decides
/// on the host (sky, scale, poses from rays). inputs and request ask only for what checkpoint::capabilities
/// says.
class Network {
 public:
  virtual ~Network() = default;
  NetOutputs run(const NetInputs& inputs, const NetRequest& request, const Kernels& kernels,
                 const RunControl& control) const {
    return finish(compute(inputs, request, kernels, control), inputs, request, control);
  }

  /// Whether compute() only launches work for this request: no value goes to the host, nothing depends on
  /// one. Then its work can be recorded and launched again on the same inputs' memory.
  virtual bool only_launches(const NetRequest& request) const = 0;
  virtual Computed compute(const NetInputs& inputs, const NetRequest& request, const Kernels& kernels,
                           const RunControl& control) const = 0;
  virtual NetOutputs finish(Computed computed, const NetInputs& inputs, const NetRequest& request,
                            const RunControl& control) const = 0;
  /// Forgets the tables of past image sizes; returns about how many bytes they took.
  virtual uint64_t forget_geometries() const = 0;
  virtual PartsThere parts() const { return {}; }
};

}  // namespace da3::net
