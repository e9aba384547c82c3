// SPDX-License-Identifier: Apache-2.0
// What one run of the verification gave, and how far two of them are apart.
#pragma once

#include <da3/da3.hpp>
#include <da3/io/preprocess.hpp>
#include <map>
#include <string>
#include <vector>

#include "verify/verify_report.hpp"

namespace da3::host {

/// Outputs by name, [views, ...] flat. Only those that are compared: depth, confidence, sky, extrinsics,
/// intrinsics.
struct Prediction {
  size_t views = 0;
  std::map<std::string, std::vector<float>> outputs;

  /// The same with the views in another order: view i is this one's order[i].
  Prediction of_views(const std::vector<size_t>& order) const;
};

/// What two predictions may differ in. Shares of the mean for depth and confidence, absolute for the entries
/// of extrinsics, a share of each entry for intrinsics.
struct Bounds {
  double depth = 0, pose = 0, focal = 0;
};

/// Runs these views of the pictures as one scene. Throws Error.
Prediction predict(const Model& model, Session& session, const io::Views& pictures,
                   const std::vector<size_t>& views);

/// depth and confidence (mean difference), pose and focal (largest), as far as both have them.
std::vector<Measure> compare(const Prediction& got, const Prediction& want, const Bounds& bounds);

}  // namespace da3::host
