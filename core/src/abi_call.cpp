// SPDX-License-Identifier: Apache-2.0
#include "abi_call.hpp"

#include <cstring>

namespace da3::detail {

std::string CallError::message(int32_t status, const std::string& what) const {
  const std::string sentence(buffer_, ::strnlen(buffer_, sizeof buffer_));
  if (!sentence.empty()) return sentence;
  return what + " failed: " + code_name(status) + " (" + std::to_string(status) +
         "), and the plugin gave no reason; report it to its author";
}

void CallError::check(int32_t status, const std::string& what) const {
  if (status == DA3_OK) return;
  const bool known = status == DA3_E_INTERNAL || (status < 0 && status >= DA3_E_NUMERIC);
  throw Error(known ? status : int32_t{DA3_E_INTERNAL}, message(status, what), error_.kind, error_.index,
              error_.native);
}

KeyValues::KeyValues(const std::vector<Setting>& settings) {
  values_.reserve(settings.size());
  for (const Setting& setting : settings) {
    da3_kv kv = zeroed<da3_kv>();
    kv.key = setting.key.c_str();
    kv.value = setting.value.c_str();
    kv.origin = setting.origin.empty() ? nullptr : setting.origin.c_str();
    values_.push_back(kv);
    pointers_.push_back(&values_.back());
  }
}

}  // namespace da3::detail
