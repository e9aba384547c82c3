// SPDX-License-Identifier: Apache-2.0
#include "common/remembered.hpp"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <system_error>

namespace da3::thin {
namespace {

namespace fs = std::filesystem;

uint64_t fnv1a(const std::string& text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001B3;
  return hash;
}

fs::path file_of(const fs::path& cache, const std::string& kind, const std::string& key) {
  char name[32];
  std::snprintf(name, sizeof name, "%016llx.txt", static_cast<unsigned long long>(fnv1a(key)));
  return cache / kind / name;
}

}  // namespace

std::optional<std::string> recall(const fs::path& cache, const std::string& kind, const std::string& key) {
  if (cache.empty()) return std::nullopt;
  std::ifstream file(file_of(cache, kind, key), std::ios::binary);
  if (!file) return std::nullopt;
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!text.starts_with(key)) return std::nullopt;
  return text.substr(key.size());
}

void remember(const fs::path& cache, const std::string& kind, const std::string& key,
              const std::string& fact) {
  if (cache.empty()) return;
  const fs::path path = file_of(cache, kind, key);
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  const fs::path temporary = path.string() + "." + std::to_string(::getpid());
  std::ofstream file(temporary, std::ios::binary);
  file << key << fact;
  file.close();
  if (file) fs::rename(temporary, path, error);
  if (!file || error) fs::remove(temporary, error);
}

}  // namespace da3::thin
