// SPDX-License-Identifier: Apache-2.0
#include "verify/model_files.hpp"

#include <algorithm>
#include <cstring>
#include <da3/file_hash.hpp>

#include "checkpoint/model_config.hpp"
#include "checkpoint/safetensors.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

using checkpoint::DType;
using checkpoint::SafetensorsFile;
using checkpoint::TensorSpec;

/// "a, b, c and 4 more"
std::string some_of(const std::vector<std::string>& names) {
  constexpr size_t most = 3;
  std::string text;
  for (size_t i = 0; i < std::min(most, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

checkpoint::ModelConfig config_of(const fs::path& folder, const SafetensorsFile& file) {
  checkpoint::Shapes shapes;
  for (const auto& [name, view] : file.tensors()) shapes.emplace(name, view.shape);
  return checkpoint::resolve_config(folder, shapes);
}

/// How many values of a tensor are infinite or undefined, and whether one is not zero.
struct Content {
  size_t not_finite = 0;
  bool any = false;
};

template <class Bits>
Content look(const std::vector<std::byte>& data, Bits exponent) {
  Content content;
  for (size_t at = 0; at + sizeof(Bits) <= data.size(); at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, data.data() + at, sizeof bits);
    content.not_finite += (bits & exponent) == exponent;  // all ones: infinite or undefined
    content.any |= static_cast<Bits>(bits << 1) != 0;     // either sign of zero
  }
  return content;
}

Content look(DType type, const std::vector<std::byte>& data) {
  switch (type) {
    case DType::f64:
      return look<uint64_t>(data, 0x7FF0000000000000u);
    case DType::f32:
      return look<uint32_t>(data, 0x7F800000u);
    case DType::bf16:
      return look<uint16_t>(data, 0x7F80u);
    case DType::f16:
      return look<uint16_t>(data, 0x7C00u);
    default:
      return {0, true};
  }
}

Check judge_values(const std::vector<std::string>& bad, const std::vector<std::string>& zero,
                   size_t tensors) {
  if (!bad.empty())
    return {"values", Verdict::failed,
            "values that are infinite or undefined in " + some_of(bad) + "; get the file again"};
  if (!zero.empty())
    return {"values", Verdict::warned,
            "nothing but zeros in " + some_of(zero) +
                ": a file that was not fetched to its end may look like this; compare its sha256"};
  return {"values", Verdict::passed, "all values of " + std::to_string(tensors) + " tensors are finite"};
}

}  // namespace

std::vector<VerifiedFile> hash_files(const fs::path& folder) {
  std::vector<VerifiedFile> files;
  for (const char* name : {"config.json", "model.safetensors"}) {
    std::error_code error;
    const uintmax_t bytes = fs::file_size(folder / name, error);
    if (!error) files.push_back({name, bytes, file_sha256(folder / name)});
  }
  return files;
}

Check check_layout(const fs::path& folder, std::optional<ModelFacts>& facts) {
  try {
    const auto file = SafetensorsFile::open(folder / "model.safetensors");
    const std::vector<TensorSpec> needed = checkpoint::stored_tensors(config_of(folder, file));
    facts = read_model(folder);
    std::vector<std::string> further;
    for (const auto& [name, view] : file.tensors())
      if (std::none_of(needed.begin(), needed.end(),
                       [&](const TensorSpec& spec) { return spec.name == name; }))
        further.push_back(name);
    std::string text = std::to_string(needed.size()) + " tensors are there, each in its shape";
    if (!further.empty()) text += "; not used: " + some_of(further);
    return {"layout", Verdict::passed, text};
  } catch (const Error& error) {
    return {"layout", Verdict::failed, error.message()};
  }
}

Check check_values(const fs::path& folder, const std::function<void(uint64_t, uint64_t)>& progress) {
  try {
    const auto file = SafetensorsFile::open(folder / "model.safetensors");
    const std::vector<TensorSpec> needed = checkpoint::stored_tensors(config_of(folder, file));
    uint64_t done = 0, total = 0;
    for (const TensorSpec& spec : needed) total += file.at(spec.name).bytes;
    std::vector<std::string> bad, zero;
    std::vector<std::byte> data;
    for (const TensorSpec& spec : needed) {
      const checkpoint::TensorView& view = file.at(spec.name);
      data.resize(view.bytes);
      file.read(view, data.data());
      const Content content = look(view.dtype, data);
      if (content.not_finite > 0)
        bad.push_back(spec.name + " (" + std::to_string(content.not_finite) + " of " +
                      std::to_string(spec.elements()) + ")");
      else if (!content.any && spec.shape.size() > 1 && spec.name.ends_with(".weight"))
        zero.push_back(spec.name);
      progress(done += view.bytes, total);
    }
    return judge_values(bad, zero, needed.size());
  } catch (const Error& error) {
    return {"values", Verdict::failed, error.message()};
  }
}

}  // namespace da3::host
