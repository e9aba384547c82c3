// SPDX-License-Identifier: Apache-2.0
#include "engine/output_kinds.hpp"

#include <da3/option_type.hpp>

#include "net/backbone.hpp"

namespace da3::engine {

namespace {

using Config = checkpoint::ModelConfig;
using Shape = std::vector<int64_t>;

Shape map_shape(const RunShape& s, const Config&) { return {s.scenes, s.views, s.height, s.width}; }

/// One value or several for every pixel of a scene.
template <int64_t... Each>
Shape gaussian_shape(const RunShape& s, const Config&) {
  return {s.scenes, s.views * s.height * s.width, Each...};
}
Shape harmonics_shape(const RunShape& s, const Config& config) {
  const int64_t degree = config.net.gaussian->sh_degree;
  return {s.scenes, s.views * s.height * s.width, 3, (degree + 1) * (degree + 1)};
}
Shape ray_map_shape(const RunShape& s) {
  return {s.scenes, s.views, 8 * (s.height / net::kPatch), 8 * (s.width / net::kPatch)};
}

void ask_depth(net::NetRequest& request) { request.depth = true; }
void ask_cameras(net::NetRequest& request) { request.cameras = true; }
void ask_rays(net::NetRequest& request) { request.rays = true; }
void ask_gaussians(net::NetRequest& request) { request.gaussians = true; }

}  // namespace

const std::vector<OutputKind>& output_kinds() {
  using Out = const net::NetOutputs&;
  static const auto& kinds = *new std::vector<OutputKind>{
      {"depth", "", map_shape, ask_depth, [](Out o) { return o.depth; }},
      {"confidence", "confidence", map_shape, ask_depth, [](Out o) { return o.confidence; }},
      {"sky", "sky", map_shape, [](net::NetRequest& r) { r.sky = true; }, [](Out o) { return o.sky; }},
      {"extrinsics", "pose",
       [](const RunShape& s, const Config&) {
         return Shape{s.scenes, s.views, 3, 4};
       },
       ask_cameras, [](Out o) { return o.cameras.extrinsics; }},
      {"intrinsics", "pose",
       [](const RunShape& s, const Config&) {
         return Shape{s.scenes, s.views, 3, 3};
       },
       ask_cameras, [](Out o) { return o.cameras.intrinsics; }},
      {"ray", "ray",
       [](const RunShape& s, const Config&) {
         Shape shape = ray_map_shape(s);
         shape.push_back(6);
         return shape;
       },
       ask_rays, [](Out o) { return o.ray; }},
      {"ray_confidence", "ray", [](const RunShape& s, const Config&) { return ray_map_shape(s); }, ask_rays,
       [](Out o) { return o.ray_confidence; }},
      {"scale_factor", "metric", [](const RunShape& s, const Config&) { return Shape{s.scenes}; },
       [](net::NetRequest& r) { r.scale_factor = true; }, [](Out o) { return o.scale_factor; }},
      {"gaussians.means", "gaussians", gaussian_shape<3>, ask_gaussians,
       [](Out o) { return o.gaussians->means; }},
      {"gaussians.scales", "gaussians", gaussian_shape<3>, ask_gaussians,
       [](Out o) { return o.gaussians->scales; }},
      {"gaussians.rotations", "gaussians", gaussian_shape<4>, ask_gaussians,
       [](Out o) { return o.gaussians->rotations; }},
      {"gaussians.harmonics", "gaussians", harmonics_shape, ask_gaussians,
       [](Out o) { return o.gaussians->harmonics; }},
      {"gaussians.opacities", "gaussians", gaussian_shape<>, ask_gaussians,
       [](Out o) { return o.gaussians->opacities; }},
  };
  return kinds;
}

std::optional<int64_t> feature_block(std::string_view name) {
  constexpr std::string_view prefix = "feature.";
  if (!name.starts_with(prefix)) return std::nullopt;
  return option_type::parse_int(name.substr(prefix.size()));
}

}  // namespace da3::engine
