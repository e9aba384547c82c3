// SPDX-License-Identifier: Apache-2.0
// The formulas of COLMAP's camera models (its documentation, "Camera Models"). OpenCV has some of them, in a
// part of its own; what is not closed, from the lens back to the ray, is not needed here.
#include <da3/error.hpp>
#include <da3/io/lens.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "lens_function.hpp"

namespace da3::io {
namespace {

using Point = std::array<double, 2>;
using Parameters = const std::vector<double>&;

/// 1 + k[0] r2 + k[1] r2^2 + ...
template <size_t N>
double polynomial(const std::array<double, N>& k, double r2) {
  double sum = 0;
  for (size_t i = N; i-- > 0;) sum = (sum + k[i]) * r2;
  return 1 + sum;
}

double square(Point p) { return p[0] * p[0] + p[1] * p[1]; }

Point times(Point p, double factor) { return {p[0] * factor, p[1] * factor}; }

/// What a lens that is not quite centred adds.
Point tangential(Point p, double p1, double p2) {
  const double r2 = square(p), xy = 2 * p[0] * p[1];
  return {p1 * xy + p2 * (r2 + 2 * p[0] * p[0]), p2 * xy + p1 * (r2 + 2 * p[1] * p[1])};
}

Point plus(Point a, Point b) { return {a[0] + b[0], a[1] + b[1]}; }

/// Distances from the middle become angles.
Point equidistant(Point p) {
  const double r = std::sqrt(square(p));
  return r > 1e-12 ? times(p, std::atan(r) / r) : p;
}

Point opencv(Parameters k, Point p) {
  return plus(times(p, polynomial<2>({k[0], k[1]}, square(p))), tangential(p, k[2], k[3]));
}

Point full_opencv(Parameters k, Point p) {
  const double r2 = square(p);
  const double radial = polynomial<3>({k[0], k[1], k[4]}, r2) / polynomial<3>({k[5], k[6], k[7]}, r2);
  return plus(times(p, radial), tangential(p, k[2], k[3]));
}

Point field_of_view(Parameters k, Point p) {
  const double omega = k[0], r = std::sqrt(square(p));
  if (std::abs(omega) < 1e-6) return p;  // both go to the pinhole: what is left is below rounding
  const double edge = 2 * std::tan(omega / 2);
  return times(p, r > 1e-9 ? std::atan(r * edge) / (r * omega) : edge / omega);
}

Point thin_prism(Parameters k, Point p) {
  p = equidistant(p);
  const double r2 = square(p);
  const Point lens = plus(times(p, polynomial<4>({k[0], k[1], k[4], k[5]}, r2)), tangential(p, k[2], k[3]));
  return plus(lens, {k[6] * r2, k[7] * r2});
}

struct Model {
  std::string_view name;
  size_t parameters;
  bool fisheye;  ///< bends rays also where all parameters are 0
  Point (*apply)(Parameters k, Point p);
};

constexpr std::array<Model, 9> models{{
    {"SIMPLE_RADIAL", 1, false,
     [](Parameters k, Point p) { return times(p, polynomial<1>({k[0]}, square(p))); }},
    {"RADIAL", 2, false,
     [](Parameters k, Point p) {
       return times(p, polynomial<2>({k[0], k[1]}, square(p)));
     }},
    {"OPENCV", 4, false, opencv},
    {"FULL_OPENCV", 8, false, full_opencv},
    {"FOV", 1, false, field_of_view},
    {"OPENCV_FISHEYE", 4, true,
     [](Parameters k, Point p) {
       p = equidistant(p);
       return times(p, polynomial<4>({k[0], k[1], k[2], k[3]}, square(p)));
     }},
    {"SIMPLE_RADIAL_FISHEYE", 1, true,
     [](Parameters k, Point p) {
       p = equidistant(p);
       return times(p, polynomial<1>({k[0]}, square(p)));
     }},
    {"RADIAL_FISHEYE", 2, true,
     [](Parameters k, Point p) {
       p = equidistant(p);
       return times(p, polynomial<2>({k[0], k[1]}, square(p)));
     }},
    {"THIN_PRISM_FISHEYE", 8, true, thin_prism},
}};

const Model& model_of(const Lens& lens) {
  const auto* found = std::find_if(models.begin(), models.end(),
                                   [&](const Model& model) { return model.name == lens.model; });
  if (found == models.end())
    throw Error(DA3_E_UNSUPPORTED, "using the camera model " + lens.model +
                                       " failed: it is not known; undistort the images with COLMAP's "
                                       "image_undistorter");
  if (found->parameters != lens.parameters.size())
    throw Error(DA3_E_INVALID, "using the camera model " + lens.model + " failed: it has " +
                                   std::to_string(lens.parameters.size()) + " parameters of its lens, not " +
                                   std::to_string(found->parameters) + "; export the model again");
  return *found;
}

bool is_pinhole(const Lens& lens) {
  return lens.model.empty() || lens.model == "PINHOLE" || lens.model == "SIMPLE_PINHOLE";
}

}  // namespace

bool Lens::distorts() const {
  if (is_pinhole(*this)) return false;
  return model_of(*this).fisheye ||
         std::any_of(parameters.begin(), parameters.end(), [](double k) { return k != 0; });
}

LensFunction lens_function(const Lens& lens) {
  if (is_pinhole(lens)) return [](Parameters, Point p) { return p; };
  return model_of(lens).apply;
}

Point distort(const Lens& lens, double x, double y) { return lens_function(lens)(lens.parameters, {x, y}); }

}  // namespace da3::io
