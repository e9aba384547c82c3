// SPDX-License-Identifier: Apache-2.0
#include "verify/prediction.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "signals.hpp"

namespace da3::host {
namespace {

constexpr const char* compared[] = {"depth", "confidence", "sky", "extrinsics", "intrinsics"};

double mean_difference(const std::vector<float>& got, const std::vector<float>& want) {
  if (got.size() != want.size()) return std::numeric_limits<double>::infinity();
  double apart = 0, magnitude = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    apart += std::abs(double(got[i]) - want[i]);
    magnitude += std::abs(double(want[i]));
  }
  return apart == 0 ? 0 : apart / magnitude;
}

/// relative: as a share of the entry; entries that are zero have no share.
double largest_difference(const std::vector<float>& got, const std::vector<float>& want, bool relative) {
  if (got.size() != want.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    const double scale = relative ? std::abs(double(want[i])) : 1;
    if (scale > 0) largest = std::max(largest, std::abs(double(got[i]) - want[i]) / scale);
  }
  return largest;
}

}  // namespace

Prediction Prediction::of_views(const std::vector<size_t>& order) const {
  Prediction moved{order.size(), {}};
  for (const auto& [name, values] : outputs) {
    const size_t each = values.size() / views;
    std::vector<float>& to = moved.outputs[name];
    for (const size_t view : order)
      to.insert(to.end(), values.begin() + static_cast<std::ptrdiff_t>(view * each),
                values.begin() + static_cast<std::ptrdiff_t>((view + 1) * each));
  }
  return moved;
}

Prediction predict(const Model& model, Session& session, const io::Views& pictures,
                   const std::vector<size_t>& views) {
  const size_t each = static_cast<size_t>(pictures.height * pictures.width * 3);
  std::vector<uint8_t> pixels;
  for (const size_t view : views) {
    const auto begin = pictures.pixels.begin() + static_cast<std::ptrdiff_t>(view * each);
    pixels.insert(pixels.end(), begin, begin + static_cast<std::ptrdiff_t>(each));
  }
  RunRequest request;
  request.inputs = {Tensor::borrow(
      "image", DType::uint8, {1, static_cast<int64_t>(views.size()), pictures.height, pictures.width, 3},
      pixels.data())};
  const std::vector<std::string> known = model.outputs();
  for (const char* name : compared)
    if (std::find(known.begin(), known.end(), name) != known.end()) request.outputs.emplace_back(name);
  request.output_memory = OutputMemory::plugin;
  request.watch.should_cancel = [] { return signals::caught() != 0; };
  const RunResult result = session.run(request);
  Prediction prediction{views.size(), {}};
  for (const Tensor& output : result.outputs) {
    const auto values = output.floats();
    prediction.outputs[output.name()].assign(values.begin(), values.end());
  }
  return prediction;
}

std::vector<Measure> compare(const Prediction& got, const Prediction& want, const Bounds& bounds) {
  std::vector<Measure> measures;
  const auto add = [&](const char* output, const char* name, double bound, auto&& difference) {
    const auto a = got.outputs.find(output), b = want.outputs.find(output);
    if (a != got.outputs.end() && b != want.outputs.end())
      measures.push_back({name, difference(a->second, b->second), bound});
  };
  add("depth", "depth", bounds.depth, mean_difference);
  add("confidence", "confidence", bounds.depth, mean_difference);
  add("extrinsics", "pose", bounds.pose,
      [](const auto& a, const auto& b) { return largest_difference(a, b, false); });
  add("intrinsics", "focal", bounds.focal,
      [](const auto& a, const auto& b) { return largest_difference(a, b, true); });
  return measures;
}

}  // namespace da3::host
