// SPDX-License-Identifier: Apache-2.0
// The SDK's typed options: what is published, what is accepted, and what each refusal says.
#include <gmock/gmock.h>

#include <da3/sdk/options.hpp>

#include <functional>
#include <vector>

namespace da3::sdk {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<Option> table{
    {"threads", "enum{auto}|int[1,64]", "auto", "threads of a run"},
    {"mine.gain", "float[0,10]", "1.5", "factor"},
    {"mine.fast", "bool", "false", "speed", DA3_SCOPE_OPTIMIZER, true},
    {"mine.layers", "list<int>", "[]", "blocks"},
    {"seed", "int", "0", "of what is random", DA3_SCOPE_RUN},
};

struct Given {
  const char *key, *value, *origin = nullptr;
};

Options parse(const std::vector<Given>& given, uint32_t scope = DA3_SCOPE_OPTIMIZER,
              const Host* host = nullptr) {
  std::vector<da3_kv> values;
  for (const Given& one : given) values.push_back({sizeof(da3_kv), 0, one.key, one.value, one.origin});
  std::vector<const da3_kv*> pointers;
  for (const da3_kv& value : values) pointers.push_back(&value);
  return Options::parse(table, scope, pointers.data(), static_cast<uint32_t>(pointers.size()), host);
}

Error error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error(DA3_OK, "");
}

TEST(SdkOptions, Defaults) {
  const Options options = parse({});
  EXPECT_EQ(options.integer("threads"), std::nullopt);  // "auto"
  EXPECT_EQ(options.number("mine.gain"), 1.5);
  EXPECT_FALSE(options.flag("mine.fast"));
  EXPECT_TRUE(options.list("mine.layers").empty());
  EXPECT_FALSE(options.given("threads"));
  EXPECT_EQ(error_of([&] { options.text("seed"); }).code(), DA3_E_INTERNAL);  // of the other scope
  EXPECT_EQ(parse({}, DA3_SCOPE_RUN).integer("seed"), 0);
}

TEST(SdkOptions, GivenOnes) {
  const Options options =
      parse({{"mine.layers", "[3, 7]"}, {"threads", "8"}, {"mine.gain", "2e-1"}, {"mine.fast", "true"}});
  EXPECT_EQ(options.integer("threads"), 8);
  EXPECT_EQ(options.number("mine.gain"), 0.2);
  EXPECT_TRUE(options.flag("mine.fast"));
  EXPECT_THAT(options.list("mine.layers"), ElementsAre("3", "7"));
  EXPECT_TRUE(options.given("threads"));
}

TEST(SdkOptions, Refusals) {
  const Error unknown = error_of([] { parse({{"threads", "1"}, {"mine.gian", "1", "p.yaml:3:1"}}); });
  EXPECT_EQ(unknown.code(), DA3_E_UNKNOWN_KEY);
  EXPECT_EQ(unknown.kind(), 1);
  EXPECT_EQ(unknown.index(), 1);
  EXPECT_THAT(unknown.message(), AllOf(HasSubstr("'mine.gian'"), HasSubstr("p.yaml:3:1"),
                                       HasSubstr("did you mean 'mine.gain'?")));
  const Error run_key = error_of([] { parse({{"seed", "1"}}); });
  EXPECT_EQ(run_key.code(), DA3_E_UNKNOWN_KEY);
  EXPECT_THAT(run_key.message(), HasSubstr("belongs to a run"));
  for (const char* value : {"0", "65", "", "1.5", "Auto", " 1"}) {
    const Error bad = error_of([&] { parse({{"threads", value}}); });
    EXPECT_EQ(bad.code(), DA3_E_BAD_VALUE) << value;
    EXPECT_THAT(bad.message(), HasSubstr("auto, or a whole number from 1 to 64"));
  }
  const Error twice = error_of([] { parse({{"threads", "1", "a"}, {"threads", "1", "b"}}); });
  EXPECT_EQ(twice.code(), DA3_E_BAD_VALUE);
  EXPECT_EQ(twice.index(), 1);
  EXPECT_THAT(twice.message(), HasSubstr("already given (a)"));
  EXPECT_EQ(error_of([] { parse({{nullptr, "1"}}); }).code(), DA3_E_INVALID);
  EXPECT_EQ(error_of([] { Options::parse(table, DA3_SCOPE_RUN, nullptr, 1); }).code(), DA3_E_INVALID);
  const std::string megabyte(1 << 20, 'x');
  EXPECT_LT(error_of([&] { parse({{"threads", megabyte.c_str()}}); }).message().size(), 300u);
  EXPECT_LT(error_of([&] { parse({{megabyte.c_str(), "1"}}); }).message().size(), 300u);
}

TEST(SdkOptions, ADeprecatedOneWarnsOnce) {
  static int warnings;
  warnings = 0;
  da3_host host{};
  host.struct_size = sizeof host;
  host.log = [](void*, int32_t level, const char*) { warnings += level == 3; };
  const Host checked(&host);
  parse({{"mine.fast", "true"}, {"threads", "1"}}, DA3_SCOPE_OPTIMIZER, &checked);
  EXPECT_EQ(warnings, 1);
}

TEST(SdkOptions, WhatIsDescribedCanBeGivenBack) {
  struct Seen {
    std::vector<std::string> keys, values;
  } seen;
  const da3_kv_sink sink = [](void* ctx, const da3_kv* kv) {
    static_cast<Seen*>(ctx)->keys.emplace_back(kv->key);
    static_cast<Seen*>(ctx)->values.emplace_back(kv->value);
  };
  parse({{"mine.gain", "3"}}).describe(Describe(sink, &seen));
  EXPECT_THAT(seen.keys, ElementsAre("threads", "mine.gain", "mine.fast", "mine.layers"));
  EXPECT_THAT(seen.values, ElementsAre("auto", "3", "false", "[]"));
  std::vector<Given> again;
  for (size_t i = 0; i < seen.keys.size(); ++i)
    again.push_back({seen.keys[i].c_str(), seen.values[i].c_str()});
  EXPECT_EQ(parse(again).number("mine.gain"), 3);
}

}  // namespace
}  // namespace da3::sdk
