// SPDX-License-Identifier: Apache-2.0
// da3.assume/1 of the shipped plugins, called as a careless host would.
#include <da3/assume.h>
#include <gtest/gtest.h>
#include <da3/plugin_registry.hpp>

#include <cstring>

namespace da3 {
namespace {

class AssumeExtension : public testing::TestWithParam<std::tuple<const char*, const char*, int32_t>> {
 protected:
  void SetUp() override {
    const auto& [name, library, dl_type] = GetParam();
    SearchOptions search;
    search.plugin_files = {library};
    search.use_environment = search.use_installed = false;
    const da3_plugin* plugin = PluginRegistry({}, search).table(name);
    table_ = static_cast<const da3_assume*>(plugin->extension(DA3_ASSUME_ID));
    ASSERT_NE(table_, nullptr);
    EXPECT_EQ(table_->struct_size, sizeof(da3_assume));
    EXPECT_EQ(plugin->extension("da3.assume/2"), nullptr);
    error_.struct_size = sizeof error_;
    error_.msg = text_;
    error_.msg_cap = sizeof text_;
    record_ = {&arch_, &name_, &capability_, &macos_, &family_, &unified_};
  }

  int32_t probe(const da3_kv* const* record, uint32_t n) {
    devices_ = 0;
    return table_->probe(
        record, n, [](void* ctx, const da3_device*) { ++*static_cast<int*>(ctx); }, &devices_, &error_);
  }
  int32_t describe(std::vector<const da3_kv*> options) {
    said_.clear();
    return table_->describe(
        record_.data(), static_cast<uint32_t>(record_.size()), options.data(),
        static_cast<uint32_t>(options.size()), std::get<2>(GetParam()), 0,
        [](void* ctx, const da3_kv* kv) {
          auto& said = *static_cast<std::string*>(ctx);
          said.append(kv->key).append("=").append(kv->value).append("\n");
        },
        &said_, &error_);
  }

  static da3_kv kv(const char* key, const char* value) { return {sizeof(da3_kv), 0, key, value, "here"}; }
  da3_kv arch_ = kv("cpu.arch", "aarch64"), name_ = kv("nvidia.devices.0.name", "GPU"),
         capability_ = kv("nvidia.devices.0.capability", "8.0"), macos_ = kv("metal.macos", "15.1"),
         family_ = kv("metal.devices.0.family", "9"), unified_ = kv("metal.devices.0.unified", "true");
  std::vector<const da3_kv*> record_;
  const da3_assume* table_ = nullptr;
  char text_[1024] = "";
  da3_error error_{};
  int devices_ = 0;
  std::string said_;
};

TEST_P(AssumeExtension, AnswersAndRepeatsItself) {
  EXPECT_EQ(probe(record_.data(), static_cast<uint32_t>(record_.size())), DA3_OK) << text_;
  EXPECT_EQ(devices_, 1);
  const da3_kv option = kv("threads", "3");
  ASSERT_EQ(describe({&option}), DA3_OK) << text_;
  const std::string first = said_;
  EXPECT_NE(first.find("effective.threads=3\n"), std::string::npos) << first;
  EXPECT_EQ(describe({&option}), DA3_OK);
  EXPECT_EQ(said_, first);
}

TEST_P(AssumeExtension, BadArgumentsAreErrors) {
  const auto n = static_cast<uint32_t>(record_.size());
  EXPECT_EQ(table_->probe(record_.data(), n, nullptr, nullptr, &error_), DA3_E_INVALID);
  EXPECT_EQ(table_->describe(record_.data(), n, nullptr, 0, 1, 0, nullptr, nullptr, &error_), DA3_E_INVALID);
  EXPECT_EQ(probe(nullptr, 3), DA3_E_INVALID);
  record_[1] = nullptr;
  EXPECT_EQ(probe(record_.data(), n), DA3_E_INVALID);
  record_[1] = record_[0];
  EXPECT_EQ(probe(record_.data(), n), DA3_E_BAD_VALUE) << "given twice";
  EXPECT_NE(std::strstr(text_, "here: "), nullptr) << text_;
  EXPECT_EQ(devices_, 0);
}

TEST_P(AssumeExtension, OptionsAreCheckedAsInOptimizerCreate) {
  const da3_kv unknown = kv("thread", "3"), bad = kv("threads", "many");
  EXPECT_EQ(describe({&unknown}), DA3_E_UNKNOWN_KEY);
  EXPECT_EQ(error_.index, 0);
  EXPECT_EQ(describe({&bad}), DA3_E_BAD_VALUE);
  EXPECT_EQ(said_, "");
}

TEST_P(AssumeExtension, ADeviceThatIsNotThere) {
  EXPECT_NE(table_->describe(
                record_.data(), static_cast<uint32_t>(record_.size()), nullptr, 0, std::get<2>(GetParam()), 7,
                [](void*, const da3_kv*) {}, nullptr, &error_),
            DA3_OK);
  EXPECT_NE(text_[0], '\0');
}

INSTANTIATE_TEST_SUITE_P(Shipped, AssumeExtension,
                         testing::Values(std::tuple{"cpu", DA3_CPU_PLUGIN, 1},
                                         std::tuple{"cuda", DA3_CUDA_PLUGIN, 2},
                                         std::tuple{"mps", DA3_MPS_PLUGIN, 8}),
                         [](const auto& one) { return std::string(std::get<0>(one.param)); });

}  // namespace
}  // namespace da3
