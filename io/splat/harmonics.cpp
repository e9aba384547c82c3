// SPDX-License-Identifier: Apache-2.0
// By recurrence over bands: cartesian polynomials for the angle about z, associated Legendre functions
// divided by sin^m for the other. Sloan, "Efficient Spherical Harmonic Evaluation", JCGT 2013, section 2.1.
#include "harmonics.hpp"

#include <cmath>
#include <numbers>

namespace da3::splat {
namespace {

constexpr size_t degrees = 5;

using ByBand = std::array<std::array<double, degrees>, degrees>;  ///< [l][m]

struct Factors {
  ByBand scale{};           ///< sqrt((2l + 1) / 4 pi (l - m)! / (l + m)!), times sqrt 2 where m > 0
  ByBand last{}, before{};  ///< of P(l, m) and P(l - 1, m) in P(l + 1, m)

  Factors() {
    for (size_t l = 0; l < degrees; ++l)
      for (size_t m = 0; m <= l; ++m) {
        const auto next = static_cast<double>(l + 1), order = static_cast<double>(m);
        last[l][m] = (2 * next - 1) / (next - order);
        before[l][m] = (next + order - 1) / (next - order);
        double ratio = 1;
        for (size_t k = l - m + 1; k <= l + m; ++k) ratio /= static_cast<double>(k);
        scale[l][m] =
            std::sqrt((2.0 * static_cast<double>(l) + 1) / (4 * std::numbers::pi) * ratio * (m > 0 ? 2 : 1));
      }
  }
};

}  // namespace

void harmonics_at(const Vec3& direction, size_t count, std::array<float, most_harmonics>& values) {
  static const Factors factors;
  const double x = direction[0], y = direction[1], z = direction[2];
  double cosine = 1, sine = 0;  // r^m cos(m phi), r^m sin(m phi)
  double first = 1;             // P(m, m) / sin^m
  for (size_t m = 0; m * m < count; ++m) {
    double before = 0, now = first;
    for (size_t l = m; l * l < count; ++l) {
      const double legendre = factors.scale[l][m] * now;
      values[l * l + l + m] = static_cast<float>(legendre * cosine);
      if (m > 0) values[l * l + l - m] = static_cast<float>(legendre * sine);
      const double after = factors.last[l][m] * z * now - factors.before[l][m] * before;
      before = now, now = after;
    }
    first *= -(2.0 * static_cast<double>(m) + 1);
    const double turned = x * cosine - y * sine;
    sine = x * sine + y * cosine;
    cosine = turned;
  }
}

}  // namespace da3::splat
