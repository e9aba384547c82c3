// SPDX-License-Identifier: Apache-2.0
#include "common/record.hpp"

#include <da3/error.hpp>
#include <da3/option_type.hpp>

#include <cmath>
#include <sstream>

namespace da3::thin {
namespace {

std::string place(const std::string& origin) { return origin.empty() ? "" : origin + ": "; }

bool is_below(const std::string& key, const std::string& prefix) {
  return key == prefix || key.compare(0, prefix.size() + 1, prefix + ".") == 0;
}

}  // namespace

Record Record::parse(const da3_kv* const* facts, uint32_t n) {
  Record record;
  if (n > 0 && !facts)
    throw Error(DA3_E_INVALID, "machine: the list is NULL and its length is not 0; give both or neither");
  for (uint32_t i = 0; i < n; ++i) {
    const da3_kv* kv = facts[i];
    if (!DA3_HAS(kv, da3_kv, value) || !kv->key || !kv->value)
      throw Error(DA3_E_INVALID,
                  "machine: fact number " + std::to_string(i) + " has no key or no value; set both");
    const std::string origin = DA3_HAS(kv, da3_kv, origin) && kv->origin ? kv->origin : "";
    if (!record.facts_.emplace(kv->key, Fact{kv->value, origin}).second)
      throw Error(DA3_E_BAD_VALUE,
                  place(origin) + "the machine's '" + kv->key + "' is given twice; remove one");
  }
  return record;
}

const Record::Fact* Record::find(const std::string& key) const {
  const auto found = facts_.find(key);
  if (found == facts_.end()) return nullptr;
  read_.insert(key);
  return &found->second;
}

void Record::bad(const std::string& key, const Fact& fact, const std::string& wanted) {
  throw Error(DA3_E_BAD_VALUE, place(fact.origin) + "the machine's '" + key + "' = '" +
                                   fact.value.substr(0, 60) + "' is not " + wanted + "; change it");
}

std::string Record::text(const std::string& key, const std::string& otherwise) const {
  const Fact* fact = find(key);
  return fact ? fact->value : otherwise;
}

int64_t Record::integer(const std::string& key, int64_t otherwise) const {
  const Fact* fact = find(key);
  if (!fact) return otherwise;
  const auto value = option_type::parse_int(fact->value);
  if (!value || *value < 0 || *value > (1 << 20)) bad(key, *fact, "a whole number from 0 to 1048576");
  return *value;
}

double Record::number(const std::string& key, double otherwise) const {
  const Fact* fact = find(key);
  if (!fact) return otherwise;
  const auto value = option_type::parse_float(fact->value);
  if (!value || *value < 0 || *value > 1e6) bad(key, *fact, "a number from 0 to 1000000");
  return *value;
}

bool Record::flag(const std::string& key) const {
  const Fact* fact = find(key);
  if (!fact) return false;
  const auto value = option_type::parse_bool(fact->value);
  if (!value) bad(key, *fact, "true or false");
  return *value;
}

uint64_t Record::bytes(const std::string& key) const {
  const Fact* fact = find(key);
  if (!fact) return UINT64_MAX;
  const size_t blank = fact->value.find(' ');
  const std::string unit = blank == std::string::npos ? "" : fact->value.substr(blank + 1);
  const auto value = option_type::parse_float(fact->value.substr(0, blank));
  const double factor = unit == "GiB" ? 1ull << 30 : unit == "MiB" ? 1ull << 20 : 0;
  if (!value || factor == 0 || *value < 0 || *value > 1e6)
    bad(key, *fact, "an amount like 24 GiB or 512 MiB");
  return static_cast<uint64_t>(std::llround(*value * factor));
}

std::set<std::string> Record::words(const std::string& key) const {
  const Fact* fact = find(key);
  std::istringstream text(fact ? fact->value : "");
  std::set<std::string> all;
  for (std::string word; text >> word;) all.insert(word);
  return all;
}

std::vector<std::string> Record::items(const std::string& prefix) const {
  std::vector<std::string> all;
  for (std::string item = prefix + ".0"; has(item); item = prefix + "." + std::to_string(all.size()))
    all.push_back(item);
  return all;
}

bool Record::has(const std::string& prefix) const {
  const auto next = facts_.lower_bound(prefix);
  for (auto at = next; at != facts_.end() && at->first.compare(0, prefix.size(), prefix) == 0; ++at)
    if (is_below(at->first, prefix)) return true;
  return false;
}

void Record::check_all_read(const std::string& prefix) const {
  std::vector<std::string> known(read_.begin(), read_.end());
  for (const auto& [key, fact] : facts_) {
    if (!is_below(key, prefix) || read_.count(key) != 0) continue;
    const std::string near = option_type::nearest(key, known);
    throw Error(DA3_E_UNKNOWN_KEY, place(fact.origin) + "the machine's '" + key + "' means nothing; " +
                                       (near.empty() ? "remove it" : "did you mean '" + near + "'?"));
  }
}

}  // namespace da3::thin
