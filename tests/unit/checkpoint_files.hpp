// SPDX-License-Identifier: Apache-2.0
// What the tests of checkpoint/ share: a folder that goes away, files of given bytes, the message of an
// error.
#pragma once

#include <da3/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "checkpoint/model_config.hpp"

namespace da3::test {

class CheckpointFolder {
 public:
  CheckpointFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "da3-checkpoint-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~CheckpointFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  CheckpointFolder(const CheckpointFolder&) = delete;
  CheckpointFolder& operator=(const CheckpointFolder&) = delete;

  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    std::filesystem::remove(path / name);  // truncating a file makes some file systems wait for the disk
    std::ofstream(path / name, std::ios::binary) << bytes;
    return path / name;
  }

  std::filesystem::path path;
};

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline nlohmann::json read_test_json(const std::string& name) {
  return nlohmann::json::parse(read_bytes(std::filesystem::path(DA3_TEST_DATA) / name));
}

/// A safetensors file with this header, whatever it says, and `data` zero bytes.
inline std::string safetensors_bytes(const std::string& header, size_t data) {
  const uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data, '\0');
}

/// "CODE: message" of the Error that action throws, "" when it throws none.
inline std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return std::string(code_name(error.code())) + ": " + error.message();
  }
  return "";
}

/// Every message has a reason and a remedy, and nothing that spoils a terminal.
inline void expect_sentence(const std::string& message) {
  EXPECT_THAT(message, testing::HasSubstr("; ")) << message;
  EXPECT_THAT(message, testing::HasSubstr("cannot ")) << message;
  EXPECT_LT(message.size(), 1000u) << message;
  EXPECT_TRUE(std::all_of(message.begin(), message.end(), [](char c) { return c >= 0x20 && c <= 0x7e; }))
      << message;
}

/// The shapes that checkpoint_values.json gives for a model.
inline checkpoint::Shapes shapes_in(const nlohmann::json& model) {
  checkpoint::Shapes shapes;
  for (const auto& [name, tensor] : model.items())
    shapes[name] = tensor.at("shape").get<std::vector<int64_t>>();
  return shapes;
}

inline checkpoint::Shapes shapes_of(const checkpoint::ModelConfig& config) {
  checkpoint::Shapes shapes;
  for (auto& spec : checkpoint::stored_tensors(config)) shapes[spec.name] = spec.shape;
  return shapes;
}

/// The configuration of a tiny model of checkpoints.json.
inline checkpoint::ModelConfig tiny_model(const std::string& name) {
  const nlohmann::json document{{"model_name", name},
                                {"config", read_test_json("checkpoints.json").at(name)}};
  return checkpoint::parse_config(document.dump(), name);
}

}  // namespace da3::test
