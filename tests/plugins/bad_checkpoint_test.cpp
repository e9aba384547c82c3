// SPDX-License-Identifier: Apache-2.0
// Checkpoints that cannot be used, through model_load of the cpu plugin: an error with a sentence, never a
// crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <da3/error.hpp>

#include "checkpoint/safetensors.hpp"
#include "support/abi_client.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

class BadCheckpoint : public testing::Test {
 protected:
  BadCheckpoint() : plugin(test::open_plugin("cpu")), good(test::checkpoint_folder("tiny")) {
    folder = fs::path(testing::TempDir()) /
             ("da3_bad_" + std::to_string(::getpid()) +
              std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder);
    fs::create_directories(folder);
    fs::copy(good / "config.json", folder / "config.json");
    EXPECT_EQ(plugin.optimizer_create(nullptr, 0, 1, 0, &optimizer, nullptr), DA3_OK);
  }
  ~BadCheckpoint() override {
    plugin.optimizer_destroy(optimizer);
    fs::remove_all(folder);
  }

  test::Answer load(da3_model** model = nullptr) {
    da3_model* loaded = nullptr;
    test::Answer answer = test::ask([&](da3_error* error) {
      return plugin.model_load(optimizer, folder.c_str(), nullptr, &loaded, error);
    });
    EXPECT_EQ(answer.code == DA3_OK, loaded != nullptr);
    if (model)
      *model = loaded;
    else
      plugin.model_destroy(loaded);
    return answer;
  }

  const da3_plugin& plugin;
  fs::path good, folder;
  da3_optimizer* optimizer = nullptr;
};

TEST_F(BadCheckpoint, MissingFileAndMissingFolder) {
  EXPECT_EQ(load().code, DA3_E_NOT_FOUND);
  EXPECT_THAT(load().message, HasSubstr("model.safetensors"));
  fs::remove_all(folder);
  EXPECT_EQ(load().code, DA3_E_NOT_FOUND);
}

TEST_F(BadCheckpoint, CutAnywhere) {
  const std::string bytes = read(good / "model.safetensors");
  for (size_t i = 0; i < 20; ++i) {
    const size_t length = i < 10 ? i * 3 : bytes.size() * (i - 9) / 11;
    write(folder / "model.safetensors", bytes.substr(0, length));
    const test::Answer answer = load();
    EXPECT_EQ(answer.code, DA3_E_MODEL) << "cut at " << length;
    EXPECT_THAT(answer.message, HasSubstr("model.safetensors")) << "cut at " << length;
  }
}

TEST_F(BadCheckpoint, FlippedBitsOfTheHeaderNeverCrash) {
  const std::string bytes = read(good / "model.safetensors");
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  uint64_t state = 12345;
  int refused = 0;
  for (int i = 0; i < 60; ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    std::string flipped = bytes;
    const size_t position = i < 20 ? static_cast<size_t>(i) % 8 : 8 + (state >> 33) % header;
    flipped[position] = static_cast<char>(flipped[position] ^ (1 << (state >> 61)));
    write(folder / "model.safetensors", flipped);
    const test::Answer answer = load();
    refused += answer.code != DA3_OK;
    if (answer.code != DA3_OK) {
      EXPECT_FALSE(answer.message.empty());
    }
  }
  EXPECT_GT(refused, 50);
}

TEST_F(BadCheckpoint, UnknownModelName) {
  fs::copy(good / "model.safetensors", folder / "model.safetensors");
  write(folder / "config.json", "{\"model_name\": \"da4-huge\", \"config\": 3}");
  EXPECT_EQ(load().code, DA3_E_MODEL);
  write(folder / "config.json", "{\"model_name\": \"da3-base\"}");
  const test::Answer answer = load();
  EXPECT_EQ(answer.code, DA3_E_MODEL);
  EXPECT_THAT(answer.message, HasSubstr("shape")) << "tiny tensors under da3-base's name";
}

TEST_F(BadCheckpoint, NonFiniteWeightIsNamedByItsLayer) {
  const auto file = checkpoint::SafetensorsFile::open(good / "model.safetensors");
  std::vector<checkpoint::TensorSource> tensors;
  for (const auto& [name, view] : file.tensors())
    tensors.push_back({name, view.dtype, view.shape, [&, name = name](std::byte* to, size_t bytes) {
                         std::memcpy(to, file.at(name).data, bytes);
                         const float infinite = std::numeric_limits<float>::infinity();
                         if (name == "model.backbone.pretrained.blocks.3.mlp.fc1.bias")
                           std::memcpy(to, &infinite, 4);
                       }});
  checkpoint::write_safetensors(folder / "model.safetensors", tensors);
  test::AbiModel model(plugin, {}, folder.string());
  const std::vector<uint8_t> image(28 * 28 * 3, 100);
  try {
    model.run(image.data(), {1, 1, 28, 28, 3}, {"depth"});
    FAIL() << "an infinite weight made a picture";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), DA3_E_NUMERIC);
    EXPECT_THAT(e.message(), HasSubstr("block.3"));
  }
}

}  // namespace
}  // namespace da3
