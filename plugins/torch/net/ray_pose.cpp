// SPDX-License-Identifier: Apache-2.0
#include "net/ray_pose.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/zeros.h>
#include <da3/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

namespace da3::net {

namespace {

// Upstream's numbers: samples of 8 among the surest 30 %, 100 of them; distances on the plane z = 1.
constexpr size_t kRounds = 100, kSample = 8, kFewest = 4;
constexpr double kSurest = 0.3, kInlierDistance = 0.2, kLeastZ = 1e-4;

/// Where a pixel is on the image plane of extent [-1, 1] x [-1, 1], where its ray meets the plane z = 1 of
/// the world's axes, and how sure the network is.
struct Match {
  double x, y, u, v, weight;
};

using Homography = std::array<double, 9>;  ///< rows, maps (x, y, 1) to (u, v, 1) up to scale

/// Sum of the outer products of the two equations of each match: symmetric 9x9, row major.
using Normal = std::array<double, 81>;

void add_equations(const Match& m, Normal& normal) {
  const std::array<double, 9> first{-m.x, -m.y, -1, 0, 0, 0, m.x * m.u, m.y * m.u, m.u};
  const std::array<double, 9> second{0, 0, 0, -m.x, -m.y, -1, m.x * m.v, m.y * m.v, m.v};
  for (size_t i = 0; i < 9; ++i)
    for (size_t j = 0; j < 9; ++j)
      normal[9 * i + j] += m.weight * (first[i] * first[j] + second[i] * second[j]);
}

/// The homographies of least squared error: eigenvectors of the smallest eigenvalue.
std::vector<Homography> solve(const std::vector<Normal>& normals) {
  const auto count = static_cast<int64_t>(normals.size());
  at::Tensor batch = at::empty({count, 9, 9}, at::kDouble);
  std::copy_n(normals.front().data(), 81 * normals.size(), batch.mutable_data_ptr<double>());
  const at::Tensor vectors = std::get<1>(at::linalg_eigh(batch)).select(-1, 0).contiguous();
  std::vector<Homography> result(normals.size());
  for (size_t i = 0; i < normals.size(); ++i)
    std::copy_n(vectors.const_data_ptr<double>() + 9 * i, 9, result[i].data());
  return result;
}

bool is_inlier(const Homography& h, const Match& m) {
  const double w = h[6] * m.x + h[7] * m.y + h[8];
  const double du = h[0] * m.x + h[1] * m.y + h[2] - m.u * w;
  const double dv = h[3] * m.x + h[4] * m.y + h[5] - m.v * w;
  return du * du + dv * dv < kInlierDistance * kInlierDistance * w * w;
}

using Sample = std::array<size_t, kSample>;

/// kRounds samples of different numbers below n: those that upstream draws after torch.manual_seed(seed).
std::vector<Sample> draw(uint64_t seed, size_t n) {
  const at::Generator random = at::make_generator<at::CPUGeneratorImpl>(seed);
  std::vector<Sample> samples(kRounds);
  for (Sample& sample : samples) {
    const at::Tensor order = at::randperm(static_cast<int64_t>(n), random, at::TensorOptions(at::kLong));
    for (size_t i = 0; i < kSample; ++i) sample[i] = static_cast<size_t>(order.const_data_ptr<int64_t>()[i]);
  }
  return samples;
}

/// The homography that most of the weight agrees with, fitted to all that agree.
bool fit_homography(const std::vector<Match>& matches, const std::vector<Sample>& samples, size_t pool,
                    Homography& best) {
  if (matches.size() < pool) return false;
  std::vector<size_t> surest(matches.size());
  std::iota(surest.begin(), surest.end(), size_t{0});
  const auto surer = [&](size_t a, size_t b) {
    return matches[a].weight != matches[b].weight ? matches[a].weight > matches[b].weight : a < b;
  };
  std::nth_element(surest.begin(), surest.begin() + static_cast<std::ptrdiff_t>(pool - 1), surest.end(),
                   surer);
  std::sort(surest.begin(), surest.begin() + static_cast<std::ptrdiff_t>(pool), surer);

  std::vector<Normal> normals(samples.size(), Normal{});
  for (size_t i = 0; i < samples.size(); ++i)
    for (const size_t index : samples[i]) add_equations(matches[surest[index]], normals[i]);

  const auto agreeing_weight = [&](const Homography& h) {
    double sum = 0;
    for (const Match& match : matches)
      if (is_inlier(h, match)) sum += match.weight;
    return sum;
  };
  double best_weight = 0;
  for (const Homography& candidate : solve(normals))
    if (const double weight = agreeing_weight(candidate); weight > best_weight)
      best_weight = weight, best = candidate;

  std::vector<Normal> normal(1, Normal{});
  size_t inliers = 0;
  for (const Match& match : matches)
    if (is_inlier(best, match)) add_equations(match, normal.front()), ++inliers;
  if (inliers < kFewest) return false;
  best = solve(normal).front();
  return true;
}

struct Pinhole {
  std::array<std::array<double, 3>, 3> camera_to_world{};
  double focal_x = 0, focal_y = 0, centre_x = 0, centre_y = 0;  ///< on the plane of extent [-1, 1]
};

using Column = std::array<double, 3>;
double dot(const Column& a, const Column& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

/// h = R L with R a rotation and L lower triangular with a positive diagonal: Gram-Schmidt from the last
/// column.
bool split(Homography h, Pinhole& camera) {
  const double det = h[0] * (h[4] * h[8] - h[5] * h[7]) - h[1] * (h[3] * h[8] - h[5] * h[6]) +
                     h[2] * (h[3] * h[7] - h[4] * h[6]);
  if (det < 0)
    for (double& value : h) value = -value;
  std::array<Column, 3> q{};
  std::array<Column, 3> l{};  // l[i][j]: entry (i, j)
  for (size_t j = 3; j-- > 0;) {
    Column a{h[j], h[3 + j], h[6 + j]};
    for (size_t i = 2; i > j; --i) {
      l[i][j] = dot(q[i], a);
      for (size_t k = 0; k < 3; ++k) a[k] -= l[i][j] * q[i][k];
    }
    l[j][j] = std::sqrt(dot(a, a));
    if (!(l[j][j] > 1e-12)) return false;
    for (size_t k = 0; k < 3; ++k) q[j][k] = a[k] / l[j][j];
  }
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) camera.camera_to_world[i][j] = q[j][i];
  camera.focal_x = l[2][2] / l[0][0];
  camera.focal_y = l[2][2] / l[1][1];
  camera.centre_x = l[2][0] / l[2][2];
  camera.centre_y = l[2][1] / l[2][2];
  return true;
}

/// The matches of one view, and the mean origin of its rays by weight.
std::vector<Match> read_matches(const float* ray, const float* confidence, int64_t rows, int64_t columns,
                                std::array<double, 3>& origin) {
  std::vector<Match> matches;
  matches.reserve(static_cast<size_t>(rows * columns));
  double total = 0;
  origin = {};
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < columns; ++x, ray += 6, ++confidence) {
      const double z = ray[2], weight = *confidence;
      if (!(std::abs(z) > kLeastZ)) continue;
      matches.push_back({(2.0 * static_cast<double>(x) + 1.0) / static_cast<double>(columns) - 1.0,
                         (2.0 * static_cast<double>(y) + 1.0) / static_cast<double>(rows) - 1.0, ray[0] / z,
                         ray[1] / z, weight});
      for (size_t i = 0; i < 3; ++i) origin[i] += weight * ray[3 + i];
      total += weight;
    }
  for (double& value : origin) value /= total;
  return matches;
}

void write_camera(const Pinhole& camera, const std::array<double, 3>& origin, int64_t height, int64_t width,
                  float* extrinsics, float* intrinsics) {
  const auto& r = camera.camera_to_world;
  for (size_t i = 0; i < 3; ++i) {
    double translation = 0;
    for (size_t j = 0; j < 3; ++j) {
      extrinsics[4 * i + j] = static_cast<float>(r[j][i]);
      translation -= r[j][i] * origin[j];
    }
    extrinsics[4 * i + 3] = static_cast<float>(translation);
  }
  const double half_width = static_cast<double>(width) / 2.0, half_height = static_cast<double>(height) / 2.0;
  intrinsics[0] = static_cast<float>(camera.focal_x * half_width);
  intrinsics[4] = static_cast<float>(camera.focal_y * half_height);
  intrinsics[2] = static_cast<float>((camera.centre_x + 1.0) * half_width);
  intrinsics[5] = static_cast<float>((camera.centre_y + 1.0) * half_height);
  intrinsics[8] = 1.0f;
}

}  // namespace

Cameras cameras_from_rays(const at::Tensor& ray, const at::Tensor& confidence, int64_t height, int64_t width,
                          uint64_t seed) {
  const int64_t scenes = ray.size(0), views = ray.size(1), rows = ray.size(2), columns = ray.size(3);
  const at::Tensor rays = ray.to(at::kCPU, at::kFloat).contiguous();
  const at::Tensor weights = confidence.to(at::kCPU, at::kFloat).contiguous();
  const at::Tensor extrinsics = at::empty({scenes, views, 3, 4}, at::kFloat);
  const at::Tensor intrinsics = at::zeros({scenes, views, 3, 3}, at::kFloat);
  const int64_t pixels = rows * columns;
  const size_t pool = std::max(kSample, static_cast<size_t>(kSurest * static_cast<double>(pixels)));
  const std::vector<Sample> samples = draw(seed, pool);
  for (int64_t view = 0; view < scenes * views; ++view) {
    std::array<double, 3> origin{};
    const std::vector<Match> matches =
        read_matches(rays.const_data_ptr<float>() + 6 * pixels * view,
                     weights.const_data_ptr<float>() + pixels * view, rows, columns, origin);
    Homography homography{};
    Pinhole camera;
    if (!fit_homography(matches, samples, pool, homography) || !split(homography, camera))
      throw Error(DA3_E_NUMERIC, "the rays of view " + std::to_string(view % views) +
                                     " describe no camera; leave use_ray_pose at false for these pictures");
    write_camera(camera, origin, height, width, extrinsics.mutable_data_ptr<float>() + 12 * view,
                 intrinsics.mutable_data_ptr<float>() + 9 * view);
  }
  return {extrinsics.to(ray.device()), intrinsics.to(ray.device())};
}

}  // namespace da3::net
