// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "checkpoint/config_checks.hpp"
#include "checkpoint/config_json.hpp"
#include "checkpoint/printable.hpp"

namespace da3::checkpoint {
namespace {

constexpr uintmax_t max_config_bytes = 1 << 20;

// std::nullopt when there is no such file.
std::optional<std::string> read_config_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return std::nullopt;
  if (!std::filesystem::is_regular_file(status))
    bad_config(path.string(), "it is no regular file", "replace or remove it");
  if (std::filesystem::file_size(path, error) > max_config_bytes)
    bad_config(path.string(), "it is larger than 1 MiB", "replace or remove it");
  std::ifstream stream(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad())
    throw Error(DA3_E_NOT_FOUND,
                "cannot read " + path.string() + ": " + std::generic_category().message(errno) +
                    "; give it read permission or remove it",
                0, -1, errno);
  return text;
}

std::string text_of(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t size : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(size);
  }
  return text += "]";
}

void check_tensors(const ModelConfig& config, const Shapes& shapes, const std::string& folder) {
  for (const TensorSpec& spec : stored_tensors(config)) {
    const auto found = shapes.find(spec.name);
    const std::string model = config.name == "unknown" ? "this model" : config.name;
    if (found == shapes.end())
      bad_config("the checkpoint in " + folder,
                 "tensor " + in_quotes(spec.name) + " of " + model + " is missing",
                 "use the config.json and model.safetensors of one model");
    if (found->second != spec.shape)
      bad_config("the checkpoint in " + folder,
                 "tensor " + in_quotes(spec.name) + " has shape " + printable(text_of(found->second)) +
                     ", but " + model + " needs " + text_of(spec.shape),
                 "use the config.json and model.safetensors of one model");
  }
}

// The tensors may tell what a config.json without known name and without tree does not.
ModelConfig config_of(const std::string& text, const std::string& origin, const Shapes& shapes) {
  ParsedConfig parsed = parse_config_leniently(text, origin);
  if (parsed.known) return std::move(parsed.config);
  ModelConfig config;
  try {
    config = infer_config(shapes);
  } catch (const Error&) {
    unknown_model(parsed, origin);
  }
  if (config.name == "unknown" && !parsed.given_name.empty()) config.name = parsed.given_name;
  config.license = parsed.config.license;
  config.process_res = parsed.config.process_res;
  return config;
}

}  // namespace

ModelConfig resolve_config(const std::filesystem::path& folder, const Shapes& shapes) {
  const std::filesystem::path path = folder / "config.json";
  const std::optional<std::string> text = read_config_file(path);
  const ModelConfig config = text ? config_of(*text, path.string(), shapes) : infer_config(shapes);
  check_tensors(config, shapes, folder.string());
  return config;
}

}  // namespace da3::checkpoint
