// SPDX-License-Identifier: Apache-2.0
#include "weights.hpp"

#include <charconv>
#include <cmath>

namespace da3::weights {
namespace {

constexpr uint64_t golden = 0x9E3779B97F4A7C15;

uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001B3;
  return hash;
}

float uniform(uint64_t seed, uint64_t i) {
  uint64_t z = seed + i * golden + golden;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  z ^= z >> 31;
  return float(int64_t(z >> 40)) * 0x1p-23f - 1.0f;
}

std::string_view leaf_of(std::string_view name) { return name.substr(name.rfind('.') + 1); }

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

double fan_in(std::string_view name, const std::vector<int64_t>& shape) {
  // A transposed convolution whose kernel is its stride: each output sees one input pixel.
  if (shape.size() == 4 && (contains(name, "resize_layers.0") || contains(name, "resize_layers.1")))
    return double(shape[0]);
  double product = 1;
  for (size_t i = 1; i < shape.size(); ++i) product *= double(shape[i]);
  return product;
}

double gain(std::string_view name) {
  if (contains(name, "cam_dec.fc_t")) return 0.3;
  return name.ends_with("output_conv2.2.weight") || name.ends_with("output_conv2_aux.3.5.weight") ? 0.5 : 1.0;
}

// What the outlier variant does to a tensor: hit and other channels, counted along the first axis.
struct Outlier {
  float hit_factor = 1, other_factor = 1, hit_offset = 0;
  int64_t channels = 0;  // of the first axis that are concerned
};

bool is_late_block_norm(std::string_view name) {
  const size_t at = name.find(".blocks.");
  if (at == name.npos) return false;
  const std::string_view rest = name.substr(at + 8);
  int block = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), block);
  return block > 3 && (name.ends_with(".norm1.weight") || name.ends_with(".norm2.weight"));
}

Outlier outlier_of(std::string_view name, const std::vector<int64_t>& shape) {
  const int64_t channels = shape.empty() ? 0 : shape[0];
  if (contains(name, ".blocks.3.mlp.fc2.") || contains(name, ".blocks.3.mlp.w3."))
    return shape.size() == 2 ? Outlier{40, 1, 0, channels} : Outlier{1, 1, 150, channels};
  if (is_late_block_norm(name)) return {0.5f, 3, 0, channels};
  if (name.ends_with("pretrained.norm.weight")) return {0.05f, 3, 0, channels};
  if (name.ends_with("head.norm.weight"))
    return {0.05f, 3, 0, channels / 2};  // the second half is normed already
  return {};
}

void apply(const Outlier& outlier, const std::vector<int64_t>& shape, int64_t begin, int64_t end,
           float* values) {
  int64_t row = 1;
  for (size_t i = 1; i < shape.size(); ++i) row *= shape[i];
  for (int64_t i = begin; i < end; ++i) {
    const int64_t channel = i / row;
    if (channel >= outlier.channels) return;
    float& value = values[i - begin];
    // Exactly one operation an element: times 1 and plus 0 leave a value as it is.
    value =
        channel % 97 == 13 ? value * outlier.hit_factor + outlier.hit_offset : value * outlier.other_factor;
  }
}

}  // namespace

Law law(std::string_view name, const std::vector<int64_t>& shape) {
  const std::string_view leaf = leaf_of(name);
  if (leaf == "gamma") return {0.3f, 0.1f};
  if (leaf == "cls_token" || leaf == "camera_token") return {0.0f, 0.5f};
  if (leaf == "pos_embed") return {0.0f, 0.2f};
  if (name.ends_with("sky_output_conv2.2.bias")) return {0.3f, 0.05f};
  if (name.ends_with("output_conv2.2.bias") || name.ends_with("fc_fov.0.bias")) return {0.8f, 0.05f};
  if (leaf == "bias") return {0.0f, 0.05f};
  if (shape.size() <= 1) return {1.0f, 0.2f};  // a norm's weight
  return {0.0f, float(gain(name) * std::sqrt(3.0 / fan_in(name, shape)))};
}

void fill(std::string_view name, const std::vector<int64_t>& shape, bool outliers, int64_t begin, int64_t end,
          float* destination) {
  const uint64_t seed = fnv1a(name);
  const auto [centre, scale] = law(name, shape);
  for (int64_t i = begin; i < end; ++i) {
    const float scaled = scale * uniform(seed, uint64_t(i));
    destination[i - begin] = centre + scaled;
  }
  if (!outliers) return;
  if (const Outlier outlier = outlier_of(name, shape); outlier.channels > 0)
    apply(outlier, shape, begin, end, destination);
}

}  // namespace da3::weights
