// SPDX-License-Identifier: Apache-2.0
#include "model_folders.hpp"

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>

#include "make_checkpoint.hpp"

namespace da3::test {
namespace fs = std::filesystem;

void write_model(const fs::path& folder, const std::string& recipe_name) {
  const weights::Recipe recipe = weights::find_recipe(recipe_name);
  nlohmann::json header;
  int64_t end = 0;
  for (const checkpoint::TensorSpec& spec : checkpoint::stored_tensors(recipe.config)) {
    nlohmann::json& tensor = header[spec.name];
    tensor["dtype"] = "U8";
    tensor["shape"] = spec.shape;
    tensor["data_offsets"] = {end, end + spec.elements()};
    end += spec.elements();
  }
  const std::string text = header.dump();
  const uint64_t length = text.size();
  fs::create_directories(folder);
  const fs::path file = folder / "model.safetensors";
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(&length), sizeof length) << text;
  fs::resize_file(file, sizeof length + length + static_cast<uint64_t>(end));
  std::ofstream(folder / "config.json") << recipe.config_json;
}

fs::path HubCache::entry(const std::string& repository) const {
  std::string name = repository;
  name.replace(name.find('/'), 1, "--");
  return folder_ / ("models--" + name);
}

fs::path HubCache::snapshot(const std::string& repository, const std::string& commit) const {
  return entry(repository) / "snapshots" / commit;
}

fs::path HubCache::add(const std::string& repository, const std::string& commit,
                       const std::string& recipe) const {
  const fs::path folder = snapshot(repository, commit), blobs = entry(repository) / "blobs";
  write_model(blobs / commit, recipe);
  fs::create_directories(folder);
  for (const char* name : {"model.safetensors", "config.json"}) {
    const std::string blob = commit + "-" + name;
    fs::rename(blobs / commit / name, blobs / blob);
    fs::create_symlink(fs::path("../../blobs") / blob, folder / name);
  }
  fs::remove(blobs / commit);
  return folder;
}

void HubCache::set_main(const std::string& repository, const std::string& commit) const {
  fs::create_directories(entry(repository) / "refs");
  std::ofstream(entry(repository) / "refs" / "main") << commit;
}

void HubCache::lose_blob(const std::string& repository, const std::string& commit,
                         const std::string& name) const {
  fs::remove(entry(repository) / "blobs" / (commit + "-" + name));
}

}  // namespace da3::test
