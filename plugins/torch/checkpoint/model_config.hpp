// SPDX-License-Identifier: Apache-2.0
// What a DA3 checkpoint folder holds: the networks' dimensions, from config.json and from the tensors' names
// and shapes. No LibTorch here: the engines and da3-make-checkpoint share it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace da3::checkpoint {

enum class FeedForward { mlp, swiglu };
enum class HeadKind { dual_dpt, dpt };

/// DINOv2 vision transformer with patch size 14. A start of -1 means: never.
struct BackboneConfig {
  int64_t embed_dim = 0, depth = 0, num_heads = 0;
  std::vector<int64_t> out_layers;  ///< four block indices whose outputs the heads read, ascending
  int64_t alt_start = -1;           ///< first block of alternating attention (odd blocks see all views)
  int64_t qknorm_start = -1;        ///< first block that normalises queries and keys
  int64_t rope_start = -1;          ///< first block with 2-D rotary embedding
  bool cat_token = false;           ///< outputs are [last local x, x], twice as wide
  FeedForward feed_forward = FeedForward::mlp;
  int64_t pos_embed_side = 37;  ///< stored positional embedding: side x side patches and the class token

  bool operator==(const BackboneConfig&) const = default;
};

/// DPT pyramid head; DualDPT has a second branch for rays.
struct HeadConfig {
  HeadKind kind = HeadKind::dual_dpt;
  int64_t dim_in = 0, features = 0, output_dim = 0;
  std::array<int64_t, 4> out_channels{};

  bool operator==(const HeadConfig&) const = default;
};

struct CameraConfig {
  int64_t encoder_dim = 0;  ///< camera encoder's width (16 heads, 4 blocks)
  int64_t decoder_dim = 0;  ///< camera decoder's input width

  bool operator==(const CameraConfig&) const = default;
};

/// GSDPT head and gaussian adapter (da3-giant).
struct GaussianConfig {
  HeadConfig head;
  int64_t sh_degree = 2;
  double scale_min = 1e-5, scale_max = 30.0;

  bool operator==(const GaussianConfig&) const = default;
};

/// One network of a checkpoint.
struct NetConfig {
  std::string
      prefix;  ///< of its tensor names: "model.", in nested checkpoints "model.da3." and "model.da3_metric."
  BackboneConfig backbone;
  HeadConfig head;
  std::optional<CameraConfig> camera;
  std::optional<GaussianConfig> gaussian;

  bool operator==(const NetConfig&) const = default;
};

struct ModelConfig {
  std::string name;                 ///< "da3-base"; "unknown" when neither config.json nor the tensors tell
  std::string family;               ///< "any-view", "mono", "metric", "nested"
  NetConfig net;                    ///< the any-view network, or the only one
  std::optional<NetConfig> metric;  ///< nested checkpoints: the metric branch
  std::string license;              ///< SPDX id from config.json, "" when not said
  int64_t process_res = 0;          ///< recommended long side in pixels, 0 when not said

  bool operator==(const ModelConfig&) const = default;
};

/// One tensor as a published file stores it.
struct TensorSpec {
  std::string name;
  std::vector<int64_t> shape;
  int64_t elements() const;

  bool operator==(const TensorSpec&) const = default;
};

/// The dimensions of a published model: "da3-small", "da3-base", "da3-large", "da3-giant", "da3mono-large",
/// "da3metric-large", "da3nested-giant-large", or a hub's name of one (see canonical_name). std::nullopt for
/// other names.
std::optional<ModelConfig> published_model(std::string_view name);

/// "da3-large" of "depth-anything/DA3-LARGE-1.1": without owner and version suffix, in small letters.
std::string canonical_name(std::string_view name);

/// All names published_model knows, in the family's order.
std::vector<std::string> published_names();

/// How a model of the family is published. Licences are those of the table of models in upstream's README:
/// the published config.json files name none.
struct PublishedModel {
  std::string_view name;        ///< "da3-large", as published_names has it
  std::string_view repository;  ///< "depth-anything/DA3-LARGE-1.1": the one to get
  std::string_view deprecated;  ///< "depth-anything/DA3-LARGE", which upstream replaced by it; "" for most
  std::string_view license;     ///< SPDX id
  bool commercial_use = false;  ///< the licence allows it
};

/// The whole family, in its order.
const std::vector<PublishedModel>& published_family();

/// Parses config.json text: {"model_name": ...} of a published model, and/or a "config" tree with explicit
/// dimensions (config.net, config.head, config.cam_enc, config.cam_dec, config.gs_head, config.gs_adapter;
/// nested: config.anyview and config.metric; the keys are those of upstream's config files, "name": "vitb"
/// for a backbone included). A tree goes before the name. Unknown keys are ignored; known keys with a value
/// that is not implemented are refused. Every size is checked, so that nothing computed from the result can
/// overflow. origin names the file in messages. Throws Error(DA3_E_MODEL).
ModelConfig parse_config(std::string_view json, const std::string& origin);

/// The tensors that a checkpoint of this configuration stores, sorted by name (head.scratch.output_conv2_aux
/// levels share one LayerNorm: only level 0's is stored).
std::vector<TensorSpec> stored_tensors(const ModelConfig& config);

using Shapes = std::map<std::string, std::vector<int64_t>, std::less<>>;

/// Dimensions from the tensors alone (widths, depth, qk-norm, heads). What they do not show (out_layers,
/// heads without qk-norm) is taken from the published model with the same backbone, so a backbone of other
/// dimensions needs a config.json. da3mono-large and da3metric-large have the same tensors: the answer is
/// "mono", which claims no scale. Throws Error(DA3_E_MODEL) naming the first tensor that is missing or has a
/// shape that fits nothing.
ModelConfig infer_config(const Shapes& shapes);

/// A checkpoint's configuration: config.json in folder where it is there and known, else infer_config; either
/// way checked against the tensors: a missing tensor or another shape is Error(DA3_E_MODEL) that names it;
/// further tensors are ignored. The "model_name" of an unknown model without "config" tree is an error unless
/// the tensors tell its dimensions. A config.json that cannot be read or is not JSON is an error in any case.
ModelConfig resolve_config(const std::filesystem::path& folder, const Shapes& shapes);

}  // namespace da3::checkpoint
