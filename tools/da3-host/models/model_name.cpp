// SPDX-License-Identifier: Apache-2.0
#include "models/model_name.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <vector>

#include "checkpoint/model_config.hpp"

namespace da3::host {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::vector<unsigned long> numbers(const std::string& version) {
  std::vector<unsigned long> list;
  const char* at = version.data();
  const char* const end = at + version.size();
  while (at < end) {
    unsigned long number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    list.push_back(error == std::errc::result_out_of_range ? ~0ul : number);
    at = std::max(next, at) + 1;  // the dot, or whatever is no number
  }
  return list;
}

}  // namespace

ModelName::ModelName(std::string_view text) : base(checkpoint::canonical_name(text)) {
  const size_t slash = text.rfind('/');
  if (slash != text.npos) {
    owner = lower(text.substr(0, slash));
    text.remove_prefix(slash + 1);
  }
  if (text.size() > base.size()) version = text.substr(base.size() + 1);
}

bool ModelName::answers(const ModelName& wanted) const {
  const auto owner_of = [](const ModelName& name) {
    return name.owner.empty() ? std::string(published_owner) : name.owner;
  };
  return base == wanted.base && owner_of(*this) == owner_of(wanted) &&
         (wanted.version.empty() || version == wanted.version);
}

bool version_less(const std::string& a, const std::string& b) { return numbers(a) < numbers(b); }

}  // namespace da3::host
