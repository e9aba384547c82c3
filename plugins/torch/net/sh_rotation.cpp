// SPDX-License-Identifier: Apache-2.0
#include "net/sh_rotation.hpp"

#include <cmath>
#include <cstdlib>

namespace da3::net {

namespace {

/// The matrix of one band, addressed by m and n from -l to l.
class Band {
 public:
  explicit Band(int64_t l) : l_(l), values_(static_cast<size_t>((2 * l + 1) * (2 * l + 1))) {}
  double& at(int64_t m, int64_t n) { return values_[index(m, n)]; }
  double at(int64_t m, int64_t n) const { return values_[index(m, n)]; }
  int64_t l() const { return l_; }

 private:
  size_t index(int64_t m, int64_t n) const { return static_cast<size_t>((m + l_) * (2 * l_ + 1) + n + l_); }
  int64_t l_;
  std::vector<double> values_;
};

/// P of the paper: first band and band l-1 combined for column n of band l.
double product(const Band& first, const Band& below, int64_t i, int64_t m, int64_t n) {
  const int64_t edge = below.l();
  if (n == edge + 1) return first.at(i, 1) * below.at(m, edge) - first.at(i, -1) * below.at(m, -edge);
  if (n == -edge - 1) return first.at(i, 1) * below.at(m, -edge) + first.at(i, -1) * below.at(m, edge);
  return first.at(i, 0) * below.at(m, n);
}

double term_v(const Band& first, const Band& below, int64_t m, int64_t n) {
  const auto p = [&](int64_t i, int64_t row) { return product(first, below, i, row, n); };
  if (m == 0) return p(1, 1) + p(-1, -1);
  if (m == 1) return p(1, 0) * std::sqrt(2.0);
  if (m == -1) return p(-1, 0) * std::sqrt(2.0);
  return m > 0 ? p(1, m - 1) - p(-1, 1 - m) : p(1, m + 1) + p(-1, -m - 1);
}

double term_w(const Band& first, const Band& below, int64_t m, int64_t n) {
  const auto p = [&](int64_t i, int64_t row) { return product(first, below, i, row, n); };
  return m > 0 ? p(1, m + 1) + p(-1, -m - 1) : p(1, m - 1) - p(-1, 1 - m);
}

Band next_band(const Band& first, const Band& below) {
  const int64_t l = below.l() + 1;
  Band band(l);
  for (int64_t m = -l; m <= l; ++m)
    for (int64_t n = -l; n <= l; ++n) {
      const auto size = static_cast<double>(std::abs(m));
      const auto degree = static_cast<double>(l);
      const double divisor =
          std::abs(n) == l ? 2.0 * degree * (2.0 * degree - 1.0) : static_cast<double>((l + n) * (l - n));
      // A coefficient of 0 stands where the term would read outside of the band below.
      const double u = std::sqrt((degree + size) * (degree - size) / divisor);
      const double v = 0.5 *
                       std::sqrt((m == 0 ? 2.0 : 1.0) * (degree + size - 1.0) * (degree + size) / divisor) *
                       (m == 0 ? -1.0 : 1.0);
      const double w = m == 0 ? 0.0 : -0.5 * std::sqrt((degree - size - 1.0) * (degree - size) / divisor);
      double sum = v * term_v(first, below, m, n);
      if (u != 0.0) sum += u * product(first, below, 0, m, n);
      if (w != 0.0) sum += w * term_w(first, below, m, n);
      band.at(m, n) = sum;
    }
  return band;
}

/// The first band in the axes of gaussian splatting, whose harmonics have their pole along z and their m =
/// -1, 0, 1 along y, z, x.
///
/// The networks were trained with a rotation whose middle Euler angle (about the second axis) is negated,
/// which is the same as turning half a circle about the pole before and after: two signs change.
Band first_band(const Matrix3& rotation) {
  constexpr std::array<size_t, 3> axis{1, 2, 0};
  constexpr std::array<double, 3> sign{-1.0, 1.0, -1.0};
  Band band(1);
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j)
      band.at(static_cast<int64_t>(i) - 1, static_cast<int64_t>(j) - 1) =
          sign[i] * rotation[axis[i]][axis[j]] * sign[j];
  return band;
}

}  // namespace

std::vector<double> sh_rotation(const Matrix3& rotation, int64_t degree) {
  const int64_t side = (degree + 1) * (degree + 1);
  std::vector<double> matrix(static_cast<size_t>(side * side));
  matrix[0] = 1.0;
  const Band first = first_band(rotation);
  Band band = first;
  for (int64_t l = 1; l <= degree; ++l) {
    if (l > 1) band = next_band(first, band);
    for (int64_t m = -l; m <= l; ++m)
      for (int64_t n = -l; n <= l; ++n)
        matrix[static_cast<size_t>((l * l + l + m) * side + l * l + l + n)] = band.at(m, n);
  }
  return matrix;
}

}  // namespace da3::net
