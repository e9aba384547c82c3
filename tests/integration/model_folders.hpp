// SPDX-License-Identifier: Apache-2.0
// Model folders as they lie on people's disks, without their weights: model.safetensors has a header and a
// hole.
#pragma once

#include <filesystem>
#include <string>

namespace da3::test {

/// model.safetensors and config.json of a recipe of da3-make-checkpoint ("da3-base", "tiny"). The tensors are
/// one byte an element and take no place on the disk.
void write_model(const std::filesystem::path& folder, const std::string& recipe);

/// A Hugging Face cache.
class HubCache {
 public:
  explicit HubCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path entry(const std::string& repository) const;
  std::filesystem::path snapshot(const std::string& repository, const std::string& commit) const;

  /// A snapshot as the hub's own program leaves it: links into blobs/. Returns its folder.
  std::filesystem::path add(const std::string& repository, const std::string& commit,
                            const std::string& recipe) const;
  void set_main(const std::string& repository, const std::string& commit) const;
  /// Takes the file away to which a snapshot's link leads.
  void lose_blob(const std::string& repository, const std::string& commit, const std::string& name) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace da3::test
