// SPDX-License-Identifier: Apache-2.0
#include "isolation/message.hpp"

#include "abi_call.hpp"

namespace da3::detail::isolation {
namespace {

constexpr int32_t dl_cpu = 1;
constexpr int32_t max_dimensions = 16;

std::string label(const TensorFacts& facts) { return "isolation: the tensor \"" + facts.name + "\" "; }

}  // namespace

Json to_json(const Error& error) {
  return {{"code", error.code()},
          {"message", error.message()},
          {"kind", error.kind()},
          {"index", error.index()},
          {"native", error.native()}};
}

Error error_of(const Json& json) {
  return Error(json.at("code"), json.at("message"), json.at("kind"), json.at("index"), json.at("native"));
}

Json to_json(const std::vector<Setting>& settings) {
  Json list = Json::array();
  for (const Setting& setting : settings) list.push_back({setting.key, setting.value, setting.origin});
  return list;
}

Json key_values_json(const da3_kv* const* values, uint32_t count) {
  Json list = Json::array();
  for (uint32_t i = 0; i < count; ++i) {
    const da3_kv* kv = values[i];
    list.push_back({text_or_empty(kv->key), text_or_empty(kv->value),
                    DA3_HAS(kv, da3_kv, origin) ? text_or_empty(kv->origin) : ""});
  }
  return list;
}

std::vector<Setting> settings_of(const Json& json) {
  std::vector<Setting> settings;
  for (const Json& one : json) settings.push_back({one.at(0), one.at(1), one.at(2)});
  return settings;
}

Json to_json(const da3_memory& memory) {
  return {memory.weights,     memory.activations, memory.pool_idle, memory.peak,
          memory.host_pinned, memory.cache_disk,  memory.limit};
}

da3_memory memory_of(const Json& json) {
  auto memory = zeroed<da3_memory>();
  memory.weights = json.at(0), memory.activations = json.at(1), memory.pool_idle = json.at(2);
  memory.peak = json.at(3), memory.host_pinned = json.at(4), memory.cache_disk = json.at(5);
  memory.limit = json.at(6);
  return memory;
}

Json to_json(const TensorFacts& facts) {
  return {{"name", facts.name},
          {"code", facts.code},
          {"bits", facts.bits},
          {"lanes", facts.lanes},
          {"shape", facts.shape}};
}

TensorFacts tensor_facts_of(const Json& json) {
  TensorFacts facts{json.at("name"), json.at("code"), json.at("bits"), json.at("lanes"), json.at("shape")};
  if (facts.shape.size() > max_dimensions) throw Error(DA3_E_SHAPE, label(facts) + "has too many dimensions");
  return facts;
}

TensorFacts tensor_facts(const da3_tensor& tensor, int32_t kind, int64_t index) {
  TensorFacts facts{text_or_empty(tensor.name), tensor.code, tensor.bits, tensor.lanes, {}};
  const auto refuse = [&](int32_t code, const std::string& why) {
    throw Error(code, label(facts) + why, kind, index);
  };
  if (tensor.data && tensor.dl_type != dl_cpu)
    refuse(DA3_E_INVALID, "does not lie in host memory; copy it there");
  if (tensor.ndim < 0 || tensor.ndim > max_dimensions || (tensor.ndim > 0 && !tensor.shape))
    refuse(DA3_E_SHAPE, "has no proper shape; give it up to 16 dimensions");
  facts.shape.assign(tensor.shape, tensor.shape + tensor.ndim);
  int64_t expected = 1;
  for (int32_t i = tensor.ndim - 1; i >= 0 && tensor.strides; --i) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected)
      refuse(DA3_E_SHAPE, "is not contiguous; copy it into one piece");
    expected *= tensor.shape[i];
  }
  return facts;
}

uint64_t data_bytes(const TensorFacts& facts, int32_t kind, int64_t index) {
  constexpr uint64_t most = uint64_t{1} << 62;
  const auto refuse = [&](const std::string& why) {
    throw Error(DA3_E_SHAPE, label(facts) + why, kind, index);
  };
  uint64_t bytes = (uint64_t{facts.bits} * facts.lanes + 7) / 8;
  for (const int64_t side : facts.shape) {
    if (side < 0) refuse("has the negative side " + std::to_string(side) + "; correct its shape");
    if (side != 0 && bytes > most / static_cast<uint64_t>(side))
      refuse("is larger than memory can be; correct its shape");
    bytes *= static_cast<uint64_t>(side);
  }
  return bytes;
}

}  // namespace da3::detail::isolation
