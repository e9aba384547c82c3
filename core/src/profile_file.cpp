// SPDX-License-Identifier: Apache-2.0
// The file layer of a profile: includes, and nested YAML made flat.
#include <algorithm>
#include <da3/option_type.hpp>
#include <da3/profile.hpp>
#include <set>

#include "text_file.hpp"
#include "yaml_tree.hpp"

namespace da3 {
namespace {

namespace fs = std::filesystem;
using detail::quote;
using detail::yaml_fail;
using detail::YamlMark;
using detail::YamlNode;

constexpr size_t max_leaves = 10000;
constexpr size_t max_include_depth = 16;

class Reader {
 public:
  void read_text(std::string_view text, const std::string& name, const fs::path& folder) {
    const detail::YamlNodePtr root = detail::parse_yaml(text, name);
    const File file{name, folder};
    for (const YamlNode::Entry& entry : root->entries)
      if (entry.key == "include") read_includes(file, entry);
    std::set<std::string> keys;
    for (const YamlNode::Entry& entry : root->entries)
      if (entry.key != "include") flatten(file, entry.key, entry.mark, *entry.value, keys);
  }

  void read_file(const fs::path& path) {
    std::error_code ignored;
    const fs::path canonical = fs::weakly_canonical(path, ignored);
    stack_.push_back(canonical.empty() ? path : canonical);
    read_text(detail::read_text_file(path, detail::yaml_max_bytes), path.string(), path.parent_path());
    stack_.pop_back();
  }

  std::map<std::string, Setting> take() { return std::move(settings_); }

 private:
  struct File {
    std::string name;
    fs::path folder;
  };

  void read_includes(const File& file, const YamlNode::Entry& entry) {
    const YamlNode& value = *entry.value;
    if (value.kind == YamlNode::Kind::null) return;
    if (value.kind == YamlNode::Kind::scalar) return read_include(file, entry.mark, value);
    if (value.kind == YamlNode::Kind::map)
      yaml_fail(file.name, entry.mark, "include: takes a path or a list of paths");
    for (const detail::YamlNodePtr& item : value.items) read_include(file, item->mark, *item);
  }

  void read_include(const File& file, YamlMark mark, const YamlNode& node) {
    if (node.kind != YamlNode::Kind::scalar || node.text.empty())
      yaml_fail(file.name, mark, "include: takes a path or a list of paths");
    const fs::path path = (file.folder / node.text).lexically_normal();
    std::error_code ignored;
    const fs::path canonical = fs::weakly_canonical(path, ignored);
    if (std::find(stack_.begin(), stack_.end(), canonical) != stack_.end())
      yaml_fail(file.name, mark, "include " + quote(node.text) + " leads back to itself; remove it");
    if (stack_.size() >= max_include_depth)
      yaml_fail(file.name, mark,
                "more than " + std::to_string(max_include_depth) + " levels of include; use fewer");
    if (++files_ > 256) yaml_fail(file.name, mark, "more than 256 files are included; use fewer");
    try {
      read_file(path);
    } catch (const Error& error) {
      if (error.code() != DA3_E_NOT_FOUND) throw;
      throw Error(error.code(), detail::yaml_place(file.name, mark) + "include: " + error.message(),
                  error.kind(), error.index(), error.native());
    }
  }

  void flatten(const File& file, const std::string& key, YamlMark mark, const YamlNode& node,
               std::set<std::string>& keys) {
    if (node.kind == YamlNode::Kind::map) {
      for (const YamlNode::Entry& entry : node.entries)
        flatten(file, key + "." + entry.key, entry.mark, *entry.value, keys);
      return;
    }
    if (!keys.insert(key).second)
      yaml_fail(file.name, mark, "the key " + quote(key) + " is given twice; remove one");
    if (node.kind == YamlNode::Kind::null) return unset(key);
    if (leaves_ += 1 + node.items.size(); leaves_ > max_leaves)
      yaml_fail(file.name, mark,
                "more than " + std::to_string(max_leaves) + " values; make the profile smaller");
    std::string origin = detail::yaml_place(file.name, mark);
    origin.resize(origin.size() - 2);  // without ": "
    settings_[key] = {key, node.kind == YamlNode::Kind::list ? list_text(file, key, node) : node.text, origin,
                      Layer::profile, file.folder};
  }

  static std::string list_text(const File& file, const std::string& key, const YamlNode& list) {
    std::string text = "[";
    for (const detail::YamlNodePtr& item : list.items) {
      if (item->kind != YamlNode::Kind::scalar || item->text.empty())
        yaml_fail(file.name, item->mark,
                  "the list " + quote(key) + " may hold only plain values, none empty");
      // Lists travel as the text "[a, b]", which has no quoting.
      if (item->text.find_first_of(",[]{}<>") != std::string::npos ||
          option_type::trim(item->text) != item->text)
        yaml_fail(file.name, item->mark,
                  "an item of the list " + quote(key) +
                      " holds a comma, a bracket or a space at an end; rename it");
      text += (text.size() > 1 ? ", " : "") + item->text;
    }
    return text + "]";
  }

  void unset(const std::string& key) {
    std::erase_if(settings_, [&](const auto& entry) {
      return entry.first == key || entry.first.starts_with(key + ".");
    });
  }

  std::vector<fs::path> stack_;
  size_t files_ = 0, leaves_ = 0;
  std::map<std::string, Setting> settings_;
};

}  // namespace

Profile Profile::from_file(const fs::path& path) {
  Reader reader;
  reader.read_file(path);
  Profile profile;
  for (auto& [key, setting] : reader.take()) profile.slots_[key][Layer::profile] = {std::move(setting)};
  return profile;
}

Profile Profile::from_text(std::string_view yaml, const std::string& name, const fs::path& folder) {
  Reader reader;
  reader.read_text(yaml, name, folder);
  Profile profile;
  for (auto& [key, setting] : reader.take()) profile.slots_[key][Layer::profile] = {std::move(setting)};
  return profile;
}

}  // namespace da3
