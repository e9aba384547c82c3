// SPDX-License-Identifier: Apache-2.0
#include "tiny_models.hpp"

namespace da3::weights {
namespace {

constexpr std::string_view tiny = R"({
  "net": {"embed_dim": 64, "depth": 6, "num_heads": 4, "out_layers": [2, 3, 4, 5],
          "alt_start": 2, "qknorm_start": 2, "rope_start": 2, "cat_token": true},
  "head": {"name": "DualDPT", "dim_in": 128, "output_dim": 2, "features": 32, "out_channels": [16, 32, 64, 64]},
  "cam_enc": {"dim_out": 64},
  "cam_dec": {"dim_in": 128}
})";

constexpr std::string_view mono = R"({
  "net": {"embed_dim": 64, "depth": 4, "num_heads": 4, "out_layers": [0, 1, 2, 3],
          "alt_start": -1, "qknorm_start": -1, "rope_start": -1, "cat_token": false},
  "head": {"name": "DPT", "dim_in": 64, "output_dim": 1, "features": 32, "out_channels": [16, 32, 64, 64]}
})";

constexpr std::string_view giant = R"({
  "net": {"embed_dim": 64, "depth": 8, "num_heads": 4, "out_layers": [3, 5, 6, 7],
          "alt_start": 3, "qknorm_start": 3, "rope_start": 3, "cat_token": true, "ffn_layer": "swiglufused"},
  "head": {"name": "DualDPT", "dim_in": 128, "output_dim": 2, "features": 32, "out_channels": [16, 32, 64, 64]},
  "cam_enc": {"dim_out": 64},
  "cam_dec": {"dim_in": 128},
  "gs_head": {"dim_in": 128, "output_dim": 38, "features": 32, "out_channels": [16, 32, 64, 64]},
  "gs_adapter": {"sh_degree": 2, "pred_color": false, "pred_offset_depth": true, "pred_offset_xy": true,
                 "gaussian_scale_min": 1e-5, "gaussian_scale_max": 30.0}
})";

}  // namespace

std::vector<std::string_view> tiny_names() { return {"tiny", "tiny-mono", "tiny-giant", "tiny-nested"}; }

std::string tiny_config(std::string_view name) {
  if (name == "tiny") return std::string(tiny);
  if (name == "tiny-mono") return std::string(mono);
  if (name == "tiny-giant") return std::string(giant);
  if (name != "tiny-nested") return "";
  return R"({"anyview": )" + std::string(giant) + R"(, "metric": )" + std::string(mono) + "}";
}

}  // namespace da3::weights
