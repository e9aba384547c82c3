// SPDX-License-Identifier: Apache-2.0
// How the ABI's small structs look in messages; both sides write and read them here.
#pragma once

#include <da3/plugin.h>
#include <da3/error.hpp>
#include <da3/plugin_registry.hpp>
#include <da3/profile.hpp>
#include <da3/schema.hpp>

#include <string>
#include <vector>

#include "isolation/channel.hpp"

namespace da3::detail::isolation {

/// Both sides come from one build; a worker of another one is refused.
inline constexpr int protocol = 1;

Json to_json(const Error& error);
Error error_of(const Json& json);

Json to_json(const std::vector<Setting>& settings);
Json key_values_json(const da3_kv* const* values, uint32_t count);
std::vector<Setting> settings_of(const Json& json);

Json to_json(const da3_memory& memory);
da3_memory memory_of(const Json& json);

/// What a tensor is, without its data.
struct TensorFacts {
  std::string name;
  uint8_t code = 0, bits = 0;
  uint16_t lanes = 0;
  std::vector<int64_t> shape;
};
Json to_json(const TensorFacts& facts);
TensorFacts tensor_facts_of(const Json& json);
/// Of a struct of the ABI. Throws Error (DA3_E_INVALID, DA3_E_SHAPE; kind and index as given) for what
/// isolation does not carry: other memory than the host's, gaps between elements, more than 16 dimensions.
TensorFacts tensor_facts(const da3_tensor& tensor, int32_t kind, int64_t index);
/// Bytes of its data. Throws Error(DA3_E_SHAPE) for negative sides and sizes beyond 2^62 bytes.
uint64_t data_bytes(const TensorFacts& facts, int32_t kind, int64_t index);

}  // namespace da3::detail::isolation
