// SPDX-License-Identifier: Apache-2.0
#include "yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <da3/error.hpp>
#include <map>
#include <set>
#include <sstream>

#include "text_file.hpp"

namespace da3::detail {
namespace {

YamlMark to_mark(const YAML::Mark& mark) {
  return mark.is_null() ? YamlMark{} : YamlMark{mark.line + 1, mark.column + 1};
}

/// Builds the tree while the parser runs, so that every limit stops it early.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& name) : name_(name) {}

  YamlNodePtr root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0)
      yaml_fail(name_, to_mark(mark), "a second document begins here; keep one document in a file");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) yaml_fail(name_, to_mark(mark), "a key is empty; give it a name");
    add(make(YamlNode::Kind::null, mark), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    if (expects_key()) return begin_entry(mark, tag, value);
    auto node = make(YamlNode::Kind::scalar, mark);
    node->text = value;
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) yaml_fail(name_, to_mark(mark), "an alias stands for a key; write the key out");
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end())
      yaml_fail(name_, to_mark(mark),
                "an alias refers to what it is part of; a profile cannot contain itself");
    add(known->second, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(YamlNode::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Frame {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::set<std::string> keys = {};
  };

  static std::shared_ptr<YamlNode> make(YamlNode::Kind kind, const YAML::Mark& mark) {
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->mark = to_mark(mark);
    return node;
  }

  bool expects_key() const {
    return !stack_.empty() && stack_.back().node->kind == YamlNode::Kind::map && !stack_.back().has_key;
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    constexpr std::string_view known[] = {"",
                                          "?",
                                          "!",
                                          "tag:yaml.org,2002:str",
                                          "tag:yaml.org,2002:int",
                                          "tag:yaml.org,2002:float",
                                          "tag:yaml.org,2002:bool",
                                          "tag:yaml.org,2002:null",
                                          "tag:yaml.org,2002:map",
                                          "tag:yaml.org,2002:seq"};
    if (std::find(std::begin(known), std::end(known), tag) != std::end(known)) return;
    yaml_fail(name_, to_mark(mark), "the tag " + quote(tag) + " is not known; remove it");
  }

  void begin_entry(const YAML::Mark& mark, const std::string& tag, const std::string& key) {
    Frame& frame = stack_.back();
    if (key == "<<" && tag != "!")
      yaml_fail(name_, to_mark(mark), "merge keys (<<) are not supported; use include: or repeat the keys");
    if (!frame.keys.insert(key).second)
      yaml_fail(name_, to_mark(mark), "the key " + quote(key) + " is given twice; remove one");
    frame.node->entries.push_back({key, to_mark(mark), nullptr});
    frame.has_key = true;
  }

  void begin(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(mark, tag);
    if (expects_key()) yaml_fail(name_, to_mark(mark), "a key is a list or a map; keys are plain text");
    if (stack_.size() >= yaml_max_depth) fail_depth(to_mark(mark));
    stack_.push_back({make(kind, mark), anchor});
  }

  void end() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    add(std::move(frame.node), frame.anchor);
  }

  void add(YamlNodePtr node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    YamlNode& parent = *frame.node;
    if (stack_.size() + static_cast<size_t>(node->height) > yaml_max_depth + 1) fail_depth(node->mark);
    parent.height = std::max(parent.height, node->height + 1);
    parent.nodes += node->nodes;
    if (parent.nodes > yaml_max_nodes)
      yaml_fail(name_, parent.mark,
                "holds more than " + std::to_string(yaml_max_nodes) + " values; make it smaller");
    if (parent.kind == YamlNode::Kind::map) {
      parent.entries.back().value = std::move(node);
      frame.has_key = false;
    } else {
      parent.items.push_back(std::move(node));
    }
  }

  [[noreturn]] void fail_depth(YamlMark mark) const {
    yaml_fail(name_, mark, "more than " + std::to_string(yaml_max_depth) + " levels; make it flatter");
  }

  const std::string& name_;
  int documents_ = 0;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, YamlNodePtr> anchors_;
  YamlNodePtr root_;
};

YamlMark mark_of_offset(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
          1 + static_cast<int>(offset - line_start)};
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const Entry& entry : entries)
    if (entry.key == key) return entry.value.get();
  return nullptr;
}

std::string yaml_place(const std::string& name, YamlMark mark) {
  if (mark.line == 0) return name + ": ";
  return name + ":" + std::to_string(mark.line) + ":" + std::to_string(mark.column) + ": ";
}

void yaml_fail(const std::string& name, YamlMark mark, const std::string& what) {
  throw Error(DA3_E_BAD_VALUE, yaml_place(name, mark) + what);
}

YamlNodePtr parse_yaml(std::string_view text, const std::string& name) {
  if (text.size() > yaml_max_bytes) yaml_fail(name, {}, "is longer than 1 MB; is it the right file?");
  if (const size_t bad = find_invalid_utf8(text); bad != std::string_view::npos)
    yaml_fail(name, mark_of_offset(text, bad), "is not UTF-8 text; save the file as UTF-8");
  TreeBuilder builder(name);
  try {
    // Without the line ends at its end: yaml-cpp 0.7 takes an unfinished quote that is followed by one.
    std::istringstream stream{std::string(text.substr(0, text.find_last_not_of(" \t\r\n") + 1))};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    yaml_fail(name, to_mark(error.mark), "is not YAML: " + error.msg);
  }
  YamlNodePtr root = builder.root();
  if (!root || root->kind == YamlNode::Kind::null) {
    auto empty = std::make_shared<YamlNode>();
    empty->kind = YamlNode::Kind::map;
    empty->mark = {1, 1};
    return empty;
  }
  if (root->kind != YamlNode::Kind::map)
    yaml_fail(name, root->mark, "must be a map of keys and values (\"key: value\" lines)");
  return root;
}

}  // namespace da3::detail
