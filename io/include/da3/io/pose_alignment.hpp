// SPDX-License-Identifier: Apache-2.0
// Given poses and predicted poses: what the network is told of the given ones, and how its answer is brought
// back to them. Computed in double.
#pragma once

#include <da3/io/cameras.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace da3::io {

/// What the network reads as `extrinsics` [N,4,4]: relative to the first camera, translations divided by the
/// lower median of the cameras' distances from it, but at least by 0.1. Throws Error: DA3_E_INVALID without
/// poses, DA3_E_NUMERIC when one is not finite.
std::vector<float> normalise_extrinsics(std::span<const Extrinsics> extrinsics);

/// A similarity: reference point = scale * rotation * estimate's point + translation.
struct PoseAlignment {
  std::array<double, 9> rotation{1, 0, 0, 0, 1, 0, 0, 0, 1};  ///< row major
  std::array<double, 3> translation{};
  double scale = 1;           ///< reference's unit per estimate's, positive
  bool from_centres = true;   ///< false: the centres are degenerate, see align_poses
  bool scale_known = true;    ///< false: all centres of a side are in one place, and scale is 1
  std::vector<bool> inliers;  ///< one per view: used for the final fit
};

/// From this many views on, views that do not fit are left out.
inline constexpr size_t robust_alignment_views = 10;

/// The similarity that takes the camera centres of estimate to those of reference, with the least squares of
/// distances (Umeyama). From robust_alignment_views on: the least median of squares over fits to samples of
/// views, then least squares over the views that agree with it, so that nearly half of the views may be
/// wrong. Views that estimate has in one place count once for the median. seed chooses the samples: the same
/// on every platform.
///
/// Centres in one place or on one line, hence those of one view and of two, do not determine a rotation;
/// upstream throws there. Here the rotation is then the mean of what the cameras' own rotations say
/// (chordal), the scale is that of the spreads of the centres, and 1 when either has no spread. from_centres
/// tells. Throws Error: DA3_E_SHAPE when the counts differ, DA3_E_INVALID without views, DA3_E_NUMERIC when a
/// pose is not finite.
PoseAlignment align_poses(std::span<const Extrinsics> reference, std::span<const Extrinsics> estimate,
                          uint64_t seed = 42);

/// What upstream does to a prediction that was given poses. predicted: world-to-camera [N,3,4]; depth [N,H,W]
/// or empty. With align_to_input_ext_scale, predicted becomes the given poses and depth is divided by the
/// scale: the result is in the given frame and unit. Without, predicted becomes the given poses moved into
/// the prediction's own frame and unit, and depth stays. Gaussians are not touched in either case. Returns
/// the alignment: reference = predicted, estimate = given. Throws Error as align_poses, and DA3_E_SHAPE for
/// spans that do not fit; then nothing has changed.
PoseAlignment align_to_given(std::span<float> predicted, std::span<const Extrinsics> given,
                             std::span<float> depth, bool align_to_input_ext_scale);

/// World-to-camera [N,3,4] of the views in the world of the gaussians, from what the network gave before
/// anything was aligned: metres of nested models (scale_factor, else 1) are taken back, for gaussians have
/// none; with given poses (else none) gaussians took on the scale of these, normalised, held between 1/3 and
/// 3. Throws Error as normalise_extrinsics, and DA3_E_SHAPE for lists that do not fit.
std::vector<float> gaussian_extrinsics(std::span<const float> predicted, std::span<const Extrinsics> given,
                                       double scale_factor);

}  // namespace da3::io
