// SPDX-License-Identifier: Apache-2.0
// config.json to ModelConfig. The keys are upstream's constructor arguments; other keys (__object__, what
// hubs add) are ignored, but a known key with a value that the networks here do not implement is refused.
#include <da3/error.hpp>

#include <limits>
#include <nlohmann/json.hpp>

#include "checkpoint/config_checks.hpp"
#include "checkpoint/config_json.hpp"
#include "checkpoint/printable.hpp"
#include "checkpoint/strict_json.hpp"

namespace da3::checkpoint {
namespace {

using nlohmann::json;

// An object inside the document and its place, for messages.
class Section {
 public:
  Section(const json& object, std::string place, const std::string& origin)
      : object_(object), place_(std::move(place)), origin_(origin) {
    if (!object.is_object()) bad_config(origin, (place_.empty() ? "it" : place_) + " is no object");
  }

  bool has(const char* key) const {
    const auto found = object_.find(key);
    return found != object_.end() && !found->is_null();
  }

  Section section(const char* key) const {
    if (!has(key)) bad_config(origin_, name(key) + " is missing");
    return Section(object_.at(key), name(key), origin_);
  }

  int64_t integer(const char* key) const {
    if (!has(key)) bad_config(origin_, name(key) + " is missing");
    return integer(object_.at(key), name(key));
  }
  int64_t integer(const char* key, int64_t fallback) const { return has(key) ? integer(key) : fallback; }

  double number(const char* key, double fallback) const {
    if (!has(key)) return fallback;
    if (!object_.at(key).is_number()) bad_config(origin_, name(key) + " is no number");
    return object_.at(key).get<double>();
  }

  bool boolean(const char* key, bool fallback) const {
    if (!has(key)) return fallback;
    if (!object_.at(key).is_boolean()) bad_config(origin_, name(key) + " is neither true nor false");
    return object_.at(key).get<bool>();
  }

  std::string text(const char* key) const {
    if (!has(key)) return "";
    if (!object_.at(key).is_string()) bad_config(origin_, name(key) + " is no text");
    return object_.at(key).get<std::string>();
  }

  std::vector<int64_t> integers(const char* key) const {
    if (!has(key)) bad_config(origin_, name(key) + " is missing");
    const json& list = object_.at(key);
    if (!list.is_array() || list.size() != 4)
      bad_config(origin_, name(key) + " is no list of four whole numbers");
    std::vector<int64_t> values;
    for (const json& value : list) values.push_back(integer(value, name(key)));
    return values;
  }

  /// The network here has one value of this key built in.
  void only(const char* key, const json& value) const {
    if (has(key) && object_.at(key) != value)
      bad_config(origin_,
                 name(key) + " is " +
                     printable(object_.at(key).dump(-1, ' ', true, json::error_handler_t::replace), 60) +
                     ", but only " + value.dump() + " is implemented",
                 "use a model of the published architecture");
  }

  std::string name(const char* key) const { return place_.empty() ? key : place_ + "." + key; }
  const std::string& origin() const { return origin_; }

 private:
  int64_t integer(const json& value, const std::string& place) const {
    if (!value.is_number_integer() ||
        (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t(std::numeric_limits<int64_t>::max())))
      bad_config(origin_, place + " is " +
                              printable(value.dump(-1, ' ', true, json::error_handler_t::replace), 60) +
                              " and no whole number");
    return value.get<int64_t>();
  }

  const json& object_;
  std::string place_;
  const std::string& origin_;
};

// The backbones that upstream calls by name; giant has SwiGLU.
void named_backbone(const Section& net, BackboneConfig& backbone) {
  const std::string name = net.text("name");
  if (name.empty()) return;
  constexpr std::pair<const char*, const char*> names[] = {
      {"vits", "da3-small"}, {"vitb", "da3-base"}, {"vitl", "da3-large"}, {"vitg", "da3-giant"}};
  for (const auto& [vit, model] : names) {
    if (name != vit) continue;
    const BackboneConfig published = published_model(model)->net.backbone;
    backbone.embed_dim = published.embed_dim;
    backbone.depth = published.depth;
    backbone.num_heads = published.num_heads;
    backbone.feed_forward = published.feed_forward;
    return;
  }
  bad_config(net.origin(), net.name("name") + " is " + in_quotes(name) + ", none of vits, vitb, vitl, vitg");
}

BackboneConfig parse_backbone(const Section& net) {
  BackboneConfig backbone;
  named_backbone(net, backbone);
  const bool named = backbone.embed_dim != 0;
  backbone.embed_dim = named ? net.integer("embed_dim", backbone.embed_dim) : net.integer("embed_dim");
  backbone.depth = named ? net.integer("depth", backbone.depth) : net.integer("depth");
  backbone.num_heads = named ? net.integer("num_heads", backbone.num_heads) : net.integer("num_heads");
  backbone.out_layers = net.integers("out_layers");
  backbone.alt_start = net.integer("alt_start", -1);
  backbone.qknorm_start = net.integer("qknorm_start", -1);
  backbone.rope_start = net.integer("rope_start", -1);
  backbone.cat_token = net.boolean("cat_token", true);
  if (const std::string layer = net.text("ffn_layer"); layer == "mlp") {
    backbone.feed_forward = FeedForward::mlp;
  } else if (layer == "swiglu" || layer == "swiglufused") {
    backbone.feed_forward = FeedForward::swiglu;
  } else if (!layer.empty()) {
    bad_config(net.origin(),
               net.name("ffn_layer") + " is " + in_quotes(layer) + ", none of mlp, swiglu, swiglufused");
  }
  const int64_t image = net.integer("img_size", 518);
  if (image <= 0 || image % 14 != 0)
    bad_config(net.origin(), net.name("img_size") + " is no positive multiple of 14");
  backbone.pos_embed_side = image / 14;
  net.only("patch_size", 14);
  net.only("in_chans", 3);
  net.only("mlp_ratio", 4);
  net.only("num_register_tokens", 0);
  net.only("interpolate_antialias", false);
  net.only("interpolate_offset", 0.1);
  net.only("rope_freq", 100);
  net.only("plus_cam_token", false);
  for (const char* bias : {"qkv_bias", "proj_bias", "ffn_bias"}) net.only(bias, true);
  return backbone;
}

std::string head_class(const Section& head) {
  if (head.has("name")) return head.text("name");
  return head.has("__object__") ? head.section("__object__").text("name") : "";
}

void parse_pyramid(const Section& section, HeadConfig& head) {
  head.dim_in = section.integer("dim_in");
  head.features = section.integer("features", 256);
  head.out_channels = {256, 512, 1024, 1024};
  if (section.has("out_channels")) {
    const std::vector<int64_t> channels = section.integers("out_channels");
    std::copy(channels.begin(), channels.end(), head.out_channels.begin());
  }
  section.only("patch_size", 14);
  section.only("down_ratio", 1);
}

HeadConfig parse_head(const Section& section) {
  HeadConfig head;
  const std::string kind = head_class(section);
  if (kind != "DualDPT" && kind != "DPT")
    bad_config(section.origin(),
               section.name("name") + " is " + in_quotes(kind) + ", neither DualDPT nor DPT");
  head.kind = kind == "DPT" ? HeadKind::dpt : HeadKind::dual_dpt;
  parse_pyramid(section, head);
  const bool dual = head.kind == HeadKind::dual_dpt;
  head.output_dim = section.integer("output_dim", dual ? 2 : 1);
  section.only("activation", "exp");
  section.only("conf_activation", "expp1");
  section.only("pos_embed", dual);
  if (dual) {
    section.only("aux_pyramid_levels", 4);
    section.only("aux_out1_conv_num", 5);
  } else {
    section.only("use_sky_head", true);
    section.only("sky_activation", "relu");
    section.only("use_ln_for_heads", false);
    section.only("norm_type", "idt");
  }
  return head;
}

CameraConfig parse_camera(const Section& tree) {
  const Section encoder = tree.section("cam_enc"), decoder = tree.section("cam_dec");
  encoder.only("dim_in", 9);
  encoder.only("target_dim", 9);
  encoder.only("trunk_depth", 4);
  encoder.only("num_heads", 16);
  encoder.only("mlp_ratio", 4);
  return {encoder.integer("dim_out", 1024), decoder.integer("dim_in", 1536)};
}

GaussianConfig parse_gaussian(const Section& tree) {
  GaussianConfig gaussian;
  const Section head = tree.section("gs_head"), adapter = tree.section("gs_adapter");
  gaussian.head.kind = HeadKind::dpt;
  parse_pyramid(head, gaussian.head);
  gaussian.head.output_dim = head.integer("output_dim", 4);
  head.only("activation", "linear");
  head.only("conf_activation", "sigmoid");
  head.only("pos_embed", true);
  head.only("feature_only", false);
  head.only("conf_dim", 1);
  head.only("norm_type", "idt");
  gaussian.sh_degree = adapter.integer("sh_degree", 0);
  gaussian.scale_min = adapter.number("gaussian_scale_min", 1e-5);
  gaussian.scale_max = adapter.number("gaussian_scale_max", 30.0);
  adapter.only("pred_color", false);
  adapter.only("pred_offset_xy", true);
  // Upstream's default is false, so that leaving it out says something else than what is implemented.
  if (!adapter.boolean("pred_offset_depth", false))
    bad_config(tree.origin(),
               adapter.name("pred_offset_depth") + " is not true, but only true is implemented",
               "use a model of the published architecture");
  return gaussian;
}

NetConfig parse_net(const Section& tree, const std::string& prefix) {
  NetConfig net;
  net.prefix = prefix;
  net.backbone = parse_backbone(tree.section("net"));
  net.head = parse_head(tree.section("head"));
  if (tree.has("cam_enc") || tree.has("cam_dec")) net.camera = parse_camera(tree);
  if (tree.has("gs_head") || tree.has("gs_adapter")) net.gaussian = parse_gaussian(tree);
  check_net(net, tree.origin());
  return net;
}

std::string single_family(const NetConfig& net, const std::string& name) {
  if (net.head.kind == HeadKind::dual_dpt) return "any-view";
  return name.find("metric") != name.npos ? "metric" : "mono";
}

void parse_tree(const Section& tree, ModelConfig& config) {
  if (!tree.has("anyview")) {
    config.net = parse_net(tree, "model.");
    config.family = single_family(config.net, config.name);
    return;
  }
  config.family = "nested";
  config.net = parse_net(tree.section("anyview"), "model.da3.");
  config.metric = parse_net(tree.section("metric"), "model.da3_metric.");
  if (config.net.head.kind != HeadKind::dual_dpt || config.metric->head.kind != HeadKind::dpt)
    bad_config(tree.origin(), "a nested model is DualDPT (anyview) and DPT (metric)");
}

}  // namespace

ParsedConfig parse_config_leniently(std::string_view text, const std::string& origin) {
  const json document = parse_strict_json(text, origin);
  const Section root(document, "", origin);
  ParsedConfig parsed;
  ModelConfig& config = parsed.config;
  const std::string given = root.text("model_name");
  parsed.given_name = printable(given, 100);
  const std::optional<ModelConfig> published = published_model(given);
  const bool tree =
      root.has("config") && (root.section("config").has("net") || root.section("config").has("anyview"));
  parsed.known = tree || published;
  if (tree) {
    config.name = published ? published->name : given.empty() ? "unknown" : parsed.given_name;
    parse_tree(root.section("config"), config);
  } else if (published) {
    config = *published;
  }
  config.license = printable(root.text("license"), 100);
  config.process_res = root.integer("process_res", 0);
  if (root.has("process_res") && (config.process_res < 14 || config.process_res > 16384))
    bad_config(origin, "process_res is " + std::to_string(config.process_res) + ", not 14 to 16384 pixels");
  return parsed;
}

void unknown_model(const ParsedConfig& parsed, const std::string& origin) {
  bad_config(origin,
             parsed.given_name.empty() ? "it has neither model_name nor a config tree"
                                       : "it names an unknown model " + in_quotes(parsed.given_name),
             "give a config tree or one of " + known_models());
}

ModelConfig parse_config(std::string_view text, const std::string& origin) {
  ParsedConfig parsed = parse_config_leniently(text, origin);
  if (!parsed.known) unknown_model(parsed, origin);
  return std::move(parsed.config);
}

}  // namespace da3::checkpoint
