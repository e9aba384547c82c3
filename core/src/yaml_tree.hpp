// SPDX-License-Identifier: Apache-2.0
// Careful YAML: yaml-cpp's parser events into a small tree of our own. yaml-cpp's own tree takes duplicate
// keys and a second document silently, and an alias to itself makes it a cycle.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace da3::detail {

/// Counted from 1; 0: not known.
struct YamlMark {
  int line = 0, column = 0;
};

struct YamlNode;
using YamlNodePtr = std::shared_ptr<const YamlNode>;

struct YamlNode {
  enum class Kind { null, scalar, list, map };
  struct Entry {
    std::string key;
    YamlMark mark;
    YamlNodePtr value;
  };

  Kind kind = Kind::null;
  std::string text;  ///< of a scalar
  YamlMark mark;
  std::vector<YamlNodePtr> items;
  std::vector<Entry> entries;
  int height = 1;      ///< levels, aliases followed
  uint64_t nodes = 1;  ///< with everything below, aliases followed

  const YamlNode* find(std::string_view key) const;
};

constexpr int yaml_max_depth = 32;
constexpr uint64_t yaml_max_nodes = 40000;
constexpr uint64_t yaml_max_bytes = 1 << 20;

/// "name:line:column: ", or "name: " when the place is not known.
std::string yaml_place(const std::string& name, YamlMark mark);

[[noreturn]] void yaml_fail(const std::string& name, YamlMark mark, const std::string& what);

/// Parses one document whose top is a map (an empty text is an empty map). name begins every message. Throws
/// Error(DA3_E_BAD_VALUE).
YamlNodePtr parse_yaml(std::string_view text, const std::string& name);

}  // namespace da3::detail
