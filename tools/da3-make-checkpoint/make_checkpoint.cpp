// SPDX-License-Identifier: Apache-2.0
#include "make_checkpoint.hpp"

#include <da3/error.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>
#include <vector>

#include "checkpoint/safetensors.hpp"
#include "tiny_models.hpp"
#include "weights.hpp"

namespace da3::weights {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

[[noreturn]] void cannot(const std::string& verb, const fs::path& path, int error) {
  throw Error(DA3_E_NOT_FOUND,
              "cannot " + verb + " " + path.string() + ": " + std::generic_category().message(error) +
                  "; choose a folder that you may write to and that has room",
              0, -1, error);
}

std::string all_names() {
  std::string list;
  for (const std::string& name : checkpoint::published_names()) list += name + ", ";
  for (const std::string_view name : tiny_names()) list += std::string(name) + ", ";
  list.resize(list.size() - 2);
  return list;
}

// The recipe of a name without "-outliers"; false for an unknown one.
bool named_recipe(const std::string& name, Recipe& recipe) {
  ordered_json document;
  if (const std::string tree = tiny_config(name); !tree.empty()) {
    document["model_name"] = name;
    document["config"] = ordered_json::parse(tree);
  } else if (const auto published = checkpoint::published_model(name)) {
    document["model_name"] = published->name;
  } else {
    return false;
  }
  recipe.config_json = document.dump(1) + "\n";
  recipe.config = checkpoint::parse_config(recipe.config_json, name);
  return true;
}

std::string read_text(const fs::path& path) {
  std::error_code error;
  constexpr uintmax_t limit = 1 << 20;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > limit)
    throw Error(DA3_E_MODEL,
                "cannot read " + path.string() + ": it is no file of at most 1 MiB; name a config.json");
  std::ifstream stream(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad())
    throw Error(DA3_E_NOT_FOUND,
                "cannot read " + path.string() + ": " + std::generic_category().message(errno) +
                    "; name a config.json that you may read",
                0, -1, errno);
  return text;
}

// Large tensors on all cores: each element depends on its index only.
void fill_parallel(const checkpoint::TensorSpec& spec, bool outliers, float* destination) {
  constexpr int64_t worth_a_thread = 1 << 18;
  const int64_t elements = spec.elements();
  const int64_t cores = std::max<int64_t>(1, std::thread::hardware_concurrency());
  const int64_t parts = std::clamp<int64_t>(elements / worth_a_thread, 1, cores);
  const auto part = [&](int64_t index) {
    const int64_t begin = elements * index / parts, end = elements * (index + 1) / parts;
    fill(spec.name, spec.shape, outliers, begin, end, destination + begin);
  };
  std::vector<std::jthread> threads;
  for (int64_t i = 1; i < parts; ++i) threads.emplace_back(part, i);
  part(0);
}

void write_text(const fs::path& path, const std::string& text) {
  fs::path temporary = path;
  temporary += ".tmp-" + std::to_string(::getpid());
  std::ofstream stream(temporary, std::ios::binary);
  stream << text;
  stream.close();
  int error = stream ? 0 : errno;
  if (error == 0 && stream && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0 && stream) return;
  ::unlink(temporary.c_str());
  cannot("write", path, error ? error : EIO);
}

}  // namespace

Recipe find_recipe(const std::string& name_or_file) {
  constexpr std::string_view suffix = "-outliers";
  Recipe recipe;
  recipe.outliers = name_or_file.ends_with(suffix);
  const std::string name =
      name_or_file.substr(0, name_or_file.size() - (recipe.outliers ? suffix.size() : 0));
  if (named_recipe(name, recipe)) return recipe;
  std::error_code error;
  if (!fs::exists(name_or_file, error))
    throw Error(DA3_E_NOT_FOUND,
                "cannot make " + name_or_file +
                    ": it is neither a known model nor a file; name a config.json or one of " + all_names() +
                    ", each also with -outliers");
  recipe.outliers = false;
  recipe.config_json = read_text(name_or_file);
  recipe.config = checkpoint::parse_config(recipe.config_json, name_or_file);
  return recipe;
}

void make_checkpoint(const Recipe& recipe, const fs::path& folder, const Progress& progress) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) cannot("make the folder", folder, error.value());
  std::vector<checkpoint::TensorSource> sources;
  for (checkpoint::TensorSpec& spec : checkpoint::stored_tensors(recipe.config)) {
    auto name = spec.name;
    auto shape = spec.shape;
    sources.push_back({std::move(name), checkpoint::DType::f32, std::move(shape),
                       [spec = std::move(spec), outliers = recipe.outliers](std::byte* destination, size_t) {
                         fill_parallel(spec, outliers, reinterpret_cast<float*>(destination));
                       }});
  }
  checkpoint::write_safetensors(folder / "model.safetensors", sources, {}, progress);
  write_text(folder / "config.json", recipe.config_json);
}

}  // namespace da3::weights
