// SPDX-License-Identifier: Apache-2.0
// The demo checkpoint on its evaluation scenes: the same errors as upstream's network makes there.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>
#include <vector>

#include "checkpoint/safetensors.hpp"
#include "support/abi_client.hpp"

#ifdef DA3_HAS_IO
#include <da3/io/open.hpp>
#endif

namespace da3 {
namespace {

constexpr size_t kScenes = 24, kViews = 3, kHeight = 126, kWidth = 168, kPixels = kHeight * kWidth;
constexpr double kFarthest = 15.0;  ///< pixels beyond, and the sky (depth 0), do not count

using Matrix = std::array<std::array<double, 3>, 3>;
struct Pose {
  Matrix r{};
  std::array<double, 3> t{};
};

struct Errors {
  double absrel = 0, delta1 = 0, rot_deg = 0, trans_rel = 0, fov_deg = 0;
  double absrel_unscaled = 0, scale = 0;  ///< with given poses: depth in their unit, as it comes
};

/// IEEE binary16, as the truth is stored.
double from_half(uint16_t bits) {
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

Pose read_pose(const float* m) {
  Pose pose;
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) pose.r[i][j] = m[4 * i + j];
    pose.t[i] = m[4 * i + 3];
  }
  return pose;
}

/// a after the inverse of b: pose a seen from view b.
Pose relative(const Pose& a, const Pose& b) {
  Pose result;
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j)
      for (size_t k = 0; k < 3; ++k) result.r[i][j] += a.r[i][k] * b.r[j][k];
    result.t[i] = a.t[i];
    for (size_t j = 0; j < 3; ++j) result.t[i] -= result.r[i][j] * b.t[j];
  }
  return result;
}

double degrees(double radians) { return radians * 180.0 / std::numbers::pi; }

double angle_between(const Matrix& a, const Matrix& b) {
  double trace = 0;
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) trace += a[i][j] * b[i][j];
  return degrees(std::acos(std::clamp((trace - 1.0) / 2.0, -1.0, 1.0)));
}

double field_of_view(double focal) { return degrees(2.0 * std::atan(kWidth / 2.0 / focal)); }

/// Scales the prediction by the lower median of truth / prediction and adds the scene's depth errors. Returns
/// the scale.
double add_depth_errors(const std::vector<double>& truth, const float* depth, Errors& errors) {
  std::vector<double> ratios;
  for (size_t i = 0; i < truth.size(); ++i)
    if (truth[i] > 0 && truth[i] < kFarthest) ratios.push_back(truth[i] / depth[i]);
  const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>((ratios.size() - 1) / 2);
  std::nth_element(ratios.begin(), middle, ratios.end());
  const double scale = *middle;
  double relative_error = 0, close = 0;
  for (double ratio : ratios) {
    const double q = scale / ratio;  // scaled prediction / truth
    relative_error += std::abs(q - 1.0);
    close += std::max(q, 1.0 / q) < 1.25;
  }
  errors.absrel += relative_error / static_cast<double>(ratios.size()) / kScenes;
  errors.delta1 += close / static_cast<double>(ratios.size()) / kScenes;
  return scale;
}

#ifdef DA3_HAS_IO
/// Brings the prediction to the given poses with and without their scale, and adds what comes of it.
void add_aligned_errors(const std::vector<double>& truth, const float* given, std::vector<float> extrinsics,
                        std::vector<float> depth, Errors& errors) {
  std::vector<io::Extrinsics> poses(kViews);
  for (size_t v = 0; v < kViews; ++v) {
    std::copy_n(given + 12 * v, 12, poses[v].begin());
    poses[v][15] = 1;
  }
  const std::vector<float> as_predicted = depth;
  std::vector<float> moved = extrinsics;
  const double kept = io::open().align_to_given(moved, poses, depth, false).scale;
  EXPECT_EQ(depth, as_predicted) << "without the given scale depth stays";
  const double scale = io::open().align_to_given(extrinsics, poses, depth, true).scale;
  EXPECT_EQ(scale, kept);
  for (size_t i = 0; i < extrinsics.size(); ++i) EXPECT_NEAR(extrinsics[i], given[i], 1e-6);
  double off = 0;
  size_t count = 0;
  for (size_t i = 0; i < truth.size(); ++i)
    if (truth[i] > 0 && truth[i] < kFarthest) off += std::abs(depth[i] - truth[i]) / truth[i], ++count;
  errors.absrel_unscaled += off / static_cast<double>(count) / kScenes;
  errors.scale += scale / kScenes;
}
#endif

void add_camera_errors(const float* truth_e, const float* truth_k, const float* e, const float* k,
                       double scale, Errors& errors) {
  std::array<Pose, kViews> want, got;
  for (size_t v = 0; v < kViews; ++v) {
    want[v] = read_pose(truth_e + 12 * v);
    got[v] = read_pose(e + 12 * v);
    for (double& t : got[v].t) t *= scale;
    errors.fov_deg += std::abs(field_of_view(k[9 * v]) - field_of_view(truth_k[9 * v])) / kViews / kScenes;
  }
  for (size_t v = 1; v < kViews; ++v) {
    const Pose a = relative(got[v], got[0]), b = relative(want[v], want[0]);
    errors.rot_deg += angle_between(a.r, b.r) / (kViews - 1) / kScenes;
    double off = 0, length = 0;
    for (size_t i = 0; i < 3; ++i) {
      off += (a.t[i] - b.t[i]) * (a.t[i] - b.t[i]);
      length += b.t[i] * b.t[i];
    }
    errors.trans_rel += std::sqrt(off) / std::max(std::sqrt(length), 0.05) / (kViews - 1) / kScenes;
  }
}

template <class T>
const T* data(const checkpoint::SafetensorsFile& file, const char* name) {
  return reinterpret_cast<const T*>(file.at(name).data);
}

/// How a scene is run: its options, and whether the scene's cameras are given.
struct Way {
  test::Options options;
  bool posed;
  test::Options policy = {};
};

/// Network space, as the ABI wants poses: the first view is the identity, translations over the lower median
/// of the cameras' distances.
std::vector<float> normalised(const float* extrinsics) {
  std::array<Pose, kViews> poses;
  std::array<double, kViews> distances{};
  const Pose first = read_pose(extrinsics);
  for (size_t v = 0; v < kViews; ++v) {
    poses[v] = relative(read_pose(extrinsics + 12 * v), first);
    for (double t : poses[v].t) distances[v] += t * t;
  }
  std::sort(distances.begin(), distances.end());
  const double median = std::max(0.1, std::sqrt(distances[(kViews - 1) / 2]));
  std::vector<float> result(16 * kViews);
  for (size_t v = 0; v < kViews; ++v) {
    for (size_t i = 0; i < 3; ++i) {
      for (size_t j = 0; j < 3; ++j) result[16 * v + 4 * i + j] = static_cast<float>(poses[v].r[i][j]);
      result[16 * v + 4 * i + 3] = static_cast<float>(poses[v].t[i] / median);
    }
    result[16 * v + 15] = 1.0f;
  }
  return result;
}

Errors errors_of(const Way& way) {
  const std::string folder = std::string(DA3_TEST_DATA) + "/demo";
  const auto scenes = checkpoint::SafetensorsFile::open(folder + "/eval.safetensors");
  test::AbiModel model(test::open_plugin("cpu"), way.policy, std::string(DA3_SOURCE_DIR) + "/models/demo");
  Errors errors;
  for (size_t s = 0; s < kScenes; ++s) {
    const size_t view = s * kViews;
    const float* truth_e = data<float>(scenes, "extrinsics") + 12 * view;
    const float* truth_k = data<float>(scenes, "intrinsics") + 9 * view;
    test::AbiModel::Cameras cameras;
    if (way.posed) cameras = {normalised(truth_e), {truth_k, truth_k + 9 * kViews}};
    auto out = model.run(data<uint8_t>(scenes, "image") + view * kPixels * 3, {1, kViews, kHeight, kWidth, 3},
                         {"depth", "extrinsics", "intrinsics"}, way.options, cameras);
    std::vector<double> truth(kViews * kPixels);
    for (size_t i = 0; i < truth.size(); ++i) {
      uint16_t bits;
      std::memcpy(&bits, data<char>(scenes, "depth") + 2 * (view * kPixels + i), 2);
      truth[i] = from_half(bits);
    }
    const double scale = add_depth_errors(truth, out["depth"].values.data(), errors);
#ifdef DA3_HAS_IO
    if (way.posed) add_aligned_errors(truth, truth_e, out["extrinsics"].values, out["depth"].values, errors);
#endif
    add_camera_errors(truth_e, truth_k, out["extrinsics"].values.data(), out["intrinsics"].values.data(),
                      scale, errors);
  }
  return errors;
}

/// A thousandth may differ, and the last of the four digits that upstream_results.json gives.
void expect_upstreams(const Errors& errors, const nlohmann::json& upstream) {
  const auto near = [&](double value, const char* key) {
    const double want = upstream.at(key);
    EXPECT_NEAR(value, want, 1e-3 * std::abs(want) + 1e-4) << key;
  };
  near(errors.absrel, "absrel");
  near(errors.delta1, "delta1");
  near(errors.rot_deg, "rot_deg");
  near(errors.trans_rel, "trans_rel");
  near(errors.fov_deg, "fov_deg");
}

nlohmann::json read_json(const char* name) {
  std::ifstream file(std::string(DA3_TEST_DATA) + "/demo/" + name);
  return nlohmann::json::parse(file);
}

TEST(Demo, ErrorsAreUpstreams) {
  expect_upstreams(errors_of({{{"ref_view_strategy", "first"}}, false}), read_json("upstream_results.json"));
}

TEST(Demo, ErrorsWithGivenPosesAreUpstreams) {
  const Errors errors = errors_of({{}, true});
  const nlohmann::json upstream = read_json("upstream_posed.json").at("posed");
  expect_upstreams(errors, upstream);
#ifdef DA3_HAS_IO
  EXPECT_NEAR(errors.absrel_unscaled, upstream.at("absrel_unscaled"), 1e-3);
  EXPECT_NEAR(errors.scale, upstream.at("scale"), 1e-3);
#endif
}

/// Trained weights: what low precision costs in accuracy is within a hundredth of the error itself.
TEST(Demo, LowPrecisionErrorsAreFloat32s) {
  const Errors exact = errors_of({{}, false});
  for (const char* precision : {"bfloat16", "float16", "int8"}) {
    const Errors low = errors_of({{}, false, {{"mixed_precision", precision}, {"cpu.emulate", "true"}}});
    const auto near = [&](double value, double want, const char* what) {
      std::printf("%s %s: %.4f, float32 %.4f\n", precision, what, value, want);
      EXPECT_NEAR(value, want, 0.01 * want) << what << " in " << precision;
    };
    near(low.absrel, exact.absrel, "absrel");
    near(low.delta1, exact.delta1, "delta1");
    near(low.rot_deg, exact.rot_deg, "rot_deg");
    near(low.trans_rel, exact.trans_rel, "trans_rel");
    near(low.fov_deg, exact.fov_deg, "fov_deg");
  }
}

TEST(Demo, ErrorsWithPosesFromRaysAreUpstreams) {
  expect_upstreams(errors_of({{{"ref_view_strategy", "first"}, {"use_ray_pose", "true"}}, false}),
                   read_json("upstream_posed.json").at("ray"));
}

}  // namespace
}  // namespace da3
