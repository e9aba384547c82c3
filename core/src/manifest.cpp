// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <da3/manifest.hpp>
#include <da3/option_type.hpp>
#include <map>
#include <set>

#include "library_file.hpp"
#include "text_file.hpp"
#include "yaml_tree.hpp"

namespace da3 {
namespace {

using detail::quote;
using detail::yaml_fail;
using detail::YamlNode;

class ManifestReader {
 public:
  ManifestReader(std::string_view yaml, const std::filesystem::path& path)
      : name_(path.string()), root_(detail::parse_yaml(yaml, name_)) {
    manifest_.file = path;
  }

  Manifest read() {
    text("name", manifest_.name, true);
    text("id", manifest_.id, true);
    text("version", manifest_.version, true);
    text("abi", manifest_.abi, true);
    text("library", manifest_.library, true);
    text("vendor", manifest_.vendor, false);
    text("license", manifest_.license, false);
    text("runtime_id", manifest_.runtime_id, false);
    text("device", manifest_.device, false);
    text("arch", manifest_.arch, false);
    text("os", manifest_.os, false);
    text("sha256", manifest_.sha256, false);
    check_name();
    check_abi();
    check_rest();
    read_needs();
    read_requirements();
    read_options();
    check_unknown();
    return std::move(manifest_);
  }

 private:
  [[noreturn]] void fail(std::string_view key, const std::string& why) const {
    const YamlNode* node = root_->find(key);
    yaml_fail(name_, node ? node->mark : detail::YamlMark{}, "manifest: " + std::string(key) + ": " + why);
  }

  void text(std::string_view key, std::string& out, bool required) {
    known_.insert(std::string(key));
    const YamlNode* node = root_->find(key);
    if (!node || node->kind == YamlNode::Kind::null) {
      if (required) fail(key, "is missing; add it");
      return;
    }
    if (node->kind != YamlNode::Kind::scalar) fail(key, "must be text");
    if (required && node->text.empty()) fail(key, "is empty; fill it in");
    out = node->text;
  }

  void check_name() const {
    const std::string& name = manifest_.name;
    const auto good = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    if (name.size() > 64 || name.front() < 'a' || name.front() > 'z' ||
        !std::all_of(name.begin(), name.end(), good))
      fail("name", quote(name) + " is not a backend's name: small letters, digits, - and _, a letter first");
    if (name == "auto" || name == "core" || name == "io" || name.ends_with("_engine"))
      fail("name", quote(name) + " is reserved; choose another");
    const std::string stem = "libda3_" + name;
    if (manifest_.library != stem + ".so" && manifest_.library != stem + ".dylib")
      fail("library",
           quote(manifest_.library) + " must be " + stem + ".so or " + stem + ".dylib, without a folder");
  }

  void check_abi() {
    const auto parts = option_type::split(manifest_.abi, '.');
    const auto number = [&](size_t i) { return option_type::parse_int(parts[i]).value_or(-1); };
    if (parts.size() != 2 || number(0) < 0 || number(1) < 0 || number(0) > 0xFFFF || number(1) > 0xFFFF)
      fail("abi", quote(manifest_.abi) + " is not \"<major>.<minor>\"");
    manifest_.abi_major = static_cast<uint32_t>(number(0));
    manifest_.abi_minor = static_cast<uint32_t>(number(1));
  }

  void check_rest() const {
    if (!option_type::accepts("enum{linux,macos,windows,any}", manifest_.os))
      fail("os", quote(manifest_.os) + " is not linux, macos, windows or any");
    const std::string& hash = manifest_.sha256;
    if (!hash.empty() &&
        (hash.size() != 64 || hash.find_first_not_of("0123456789abcdef") != std::string::npos))
      fail("sha256", "is not 64 hexadecimal digits in small letters");
  }

  void read_needs() {
    known_.insert("needs");
    const YamlNode* node = root_->find("needs");
    if (!node || node->kind == YamlNode::Kind::null) return;
    if (node->kind == YamlNode::Kind::scalar) return manifest_.needs.push_back(node->text);
    if (node->kind != YamlNode::Kind::list) fail("needs", "must be a list of sentences");
    for (const auto& item : node->items) {
      if (item->kind != YamlNode::Kind::scalar) fail("needs", "must be a list of sentences");
      manifest_.needs.push_back(item->text);
    }
  }

  void read_requirements() {
    constexpr const char* key = "requires";
    known_.insert(key);
    const YamlNode* node = root_->find(key);
    if (!node || node->kind == YamlNode::Kind::null) return;
    if (node->kind != YamlNode::Kind::map) fail(key, "must be a map");
    for (const YamlNode::Entry& entry : node->entries) {
      const bool known = option_type::accepts(
          "enum{nvidia_driver,cuda,compute_capability,cpu_features,macos,metal}", entry.key);
      if (!known && newer()) continue;
      if (!known) yaml_fail(name_, entry.mark, "manifest: unknown requirement " + quote(entry.key));
      if (entry.value->kind != YamlNode::Kind::scalar || entry.value->text.empty())
        yaml_fail(name_, entry.mark, "manifest: requires: " + entry.key + " must be text");
      manifest_.requirements[entry.key] = entry.value->text;
    }
  }

  void read_options() {
    known_.insert("options");
    const YamlNode* node = root_->find("options");
    if (!node) fail("options", "is missing; add it (an empty list when there are none)");
    if (node->kind == YamlNode::Kind::null) return;
    if (node->kind != YamlNode::Kind::list) fail("options", "must be a list");
    std::set<std::string> keys;
    for (const auto& item : node->items) {
      OptionSpec spec = read_option(*item);
      if (!keys.insert(spec.key).second)
        yaml_fail(name_, item->mark, "manifest: option " + quote(spec.key) + " is given twice");
      manifest_.options.push_back(std::move(spec));
    }
  }

  OptionSpec read_option(const YamlNode& node) const {
    if (node.kind != YamlNode::Kind::map) yaml_fail(name_, node.mark, "manifest: an option must be a map");
    std::map<std::string, std::string> fields;
    for (const YamlNode::Entry& entry : node.entries) {
      if (entry.value->kind != YamlNode::Kind::scalar && entry.value->kind != YamlNode::Kind::null)
        yaml_fail(name_, entry.mark, "manifest: an option's " + quote(entry.key) + " must be text");
      fields[entry.key] = entry.value->text;
    }
    const auto bad = [&](const std::string& why) {
      yaml_fail(name_, node.mark, "manifest: option " + quote(fields["key"]) + " " + why);
    };
    for (const auto& field : fields)
      if (!option_type::accepts("enum{key,type,default,help,scope,deprecated}", field.first) && !newer())
        bad("has the unknown field " + quote(field.first));
    OptionSpec spec{fields["key"],    fields["type"], fields["default"], fields["help"],
                    Scope::optimizer, false,          manifest_.name};
    const size_t dot = spec.key.find('.');
    if (spec.key.empty()) bad("has no key");
    if (dot != std::string::npos && spec.key.substr(0, dot) != manifest_.name)
      bad("must begin with \"" + manifest_.name + ".\" or have no dot");
    if (!option_type::valid_type(spec.type)) bad("has the unknown type " + quote(spec.type));
    if (!spec.default_value.empty() && !option_type::accepts(spec.type, spec.default_value))
      bad("has a default that its type does not accept");
    if (const std::string& scope = fields["scope"]; scope == "run")
      spec.scope = Scope::run;
    else if (!scope.empty() && scope != "optimizer")
      bad("has a scope that is neither optimizer nor run");
    if (const std::string& old = fields["deprecated"]; old == "true")
      spec.deprecated = true;
    else if (!old.empty() && old != "false")
      bad("has a deprecated that is neither true nor false");
    return spec;
  }

  /// A plugin of a later minor may say more than we know.
  bool newer() const { return manifest_.abi_major != DA3_ABI_MAJOR || manifest_.abi_minor > DA3_ABI_MINOR; }

  void check_unknown() const {
    if (newer()) return;
    for (const YamlNode::Entry& entry : root_->entries)
      if (!known_.contains(entry.key)) {
        const std::string near = option_type::nearest(entry.key, known_);
        yaml_fail(name_, entry.mark,
                  "manifest: unknown field " + quote(entry.key) +
                      (near.empty() ? "" : "; did you mean " + quote(near) + "?"));
      }
  }

  std::string name_;
  detail::YamlNodePtr root_;
  std::set<std::string> known_;
  Manifest manifest_;
};

std::string os_in_words(const std::string& os) {
  return os == "macos" ? "macOS" : os == "linux" ? "Linux" : os == "windows" ? "Windows" : os;
}

}  // namespace

Manifest Manifest::from_file(const std::filesystem::path& path) {
  return from_text(detail::read_text_file(path, detail::yaml_max_bytes), path);
}

Manifest Manifest::from_text(std::string_view yaml, const std::filesystem::path& name) {
  return ManifestReader(yaml, name).read();
}

std::string Manifest::platform_reason() const {
  const std::string here_os = detail::this_os(), here_arch = detail::this_arch();
  if (os != "any" && os != here_os) {
    const std::string here = "on this machine (" + os_in_words(here_os) + ")";
    if (device == "metal") return "no Metal " + here;
    return "it needs " + os_in_words(os) + ", which is not what runs " + here;
  }
  if (arch != "any" && arch != here_arch)
    return "it is built for " + arch + " processors, this machine has " + here_arch;
  if (abi_major != DA3_ABI_MAJOR)
    return "it speaks plugin ABI " + abi + ", this program speaks " + std::to_string(DA3_ABI_MAJOR) + "." +
           std::to_string(DA3_ABI_MINOR) + "; install a matching version";
  return "";
}

}  // namespace da3
