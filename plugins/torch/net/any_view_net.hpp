// SPDX-License-Identifier: Apache-2.0
// The any-view network: images of a scene -> depth, confidence, cameras, rays. Immutable after construction;
// runs of one network must not overlap in time on one thread team, but may share it.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "checkpoint/model_config.hpp"
#include "checkpoint/safetensors.hpp"
#include "net/backbone.hpp"
#include "net/camera.hpp"
#include "net/dual_dpt.hpp"

namespace da3::net {

struct NetInputs {
  at::Tensor image;       ///< uint8 [B, S, H, W, 3] on the device
  at::Tensor extrinsics;  ///< float32 [B, S, 4, 4] normalised, or undefined
  at::Tensor intrinsics;  ///< float32 [B, S, 3, 3], or undefined; needed with extrinsics
};

struct NetRequest {
  bool depth = true;  ///< with confidence
  bool cameras = false, rays = false;
  std::vector<int64_t> features;
  ReferenceStrategy reference = ReferenceStrategy::saddle_balanced;
  int64_t head_chunk_views = 8;
};

struct NetOutputs {
  at::Tensor depth, confidence;    ///< [B, S, H, W]
  at::Tensor ray, ray_confidence;  ///< [B, S, 8 H/14, 8 W/14, 6] and the same without the last
  Cameras cameras;
  std::map<int64_t, at::Tensor> features;  ///< [B, S, H/14, W/14, C]
};

class AnyViewNet {
 public:
  /// Reads the tensors below config.prefix.
  AnyViewNet(const WeightSource& source, const checkpoint::NetConfig& config);

  NetOutputs run(const NetInputs& inputs, const NetRequest& request, const Kernels& kernels,
                 const RunControl& control) const;

  const checkpoint::NetConfig& config() const { return config_; }
  /// Forgets the tables of past image sizes; returns about how many bytes they took.
  uint64_t forget_geometries() const;

 private:
  struct Geometry {
    HeadGeometry size;
    BackboneGeometry backbone;
    DualDpt::Embeddings embeddings;
  };
  std::shared_ptr<const Geometry> geometry(int64_t height, int64_t width) const;

  checkpoint::NetConfig config_;
  Backbone backbone_;
  DualDpt head_;
  std::optional<CameraDecoder> camera_decoder_;
  std::optional<CameraEncoder> camera_encoder_;
  mutable std::mutex geometries_mutex_;
  mutable std::list<std::shared_ptr<const Geometry>> geometries_;  ///< most recent first
};

}  // namespace da3::net
