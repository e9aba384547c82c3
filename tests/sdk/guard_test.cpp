// SPDX-License-Identifier: Apache-2.0
// The C wall: no exception gets past it, and the caller's error struct is written as far as it goes.
#include <gtest/gtest.h>

#include <da3/guard.hpp>

#include <stdexcept>
#include <string>

namespace da3 {
namespace {

struct Told {
  int32_t code;
  std::string sentence;
  int32_t kind;
  int64_t index;
};

template <class Body>
Told told(Body&& body, uint32_t capacity = 256) {
  char text[256] = "";
  da3_error error{};
  error.struct_size = sizeof error;
  error.msg = text;
  error.msg_cap = capacity;
  const int32_t code = guard(&error, body);
  EXPECT_EQ(error.code, code);
  return {code, text, error.kind, error.index};
}

TEST(SdkGuard, EveryExceptionBecomesACodeAndASentence) {
  EXPECT_EQ(guard(nullptr, [] {}), DA3_OK);
  const Told ours = told([] { throw Error(DA3_E_SHAPE, "it is too flat; fold it", 2, 7); });
  EXPECT_EQ(ours.code, DA3_E_SHAPE);
  EXPECT_EQ(ours.sentence, "it is too flat; fold it");
  EXPECT_EQ(ours.kind, 2);
  EXPECT_EQ(ours.index, 7);
  const Told memory = told([] { throw std::bad_alloc(); });
  EXPECT_EQ(memory.code, DA3_E_NOMEM_HOST);
  EXPECT_NE(memory.sentence, "");
  const Told standard = told([] { throw std::runtime_error("the disk is wet"); });
  EXPECT_EQ(standard.code, DA3_E_INTERNAL);
  EXPECT_EQ(standard.sentence, "the disk is wet");
  const Told other = told([] { throw 42; });
  EXPECT_EQ(other.code, DA3_E_INTERNAL);
  EXPECT_NE(other.sentence, "");
}

TEST(SdkGuard, NeedsNoErrorStruct) {
  EXPECT_EQ(guard(nullptr, [] { throw std::bad_alloc(); }), DA3_E_NOMEM_HOST);
  da3_error silent{};
  silent.struct_size = sizeof silent;
  silent.msg_cap = 100;  // and no memory
  EXPECT_EQ(guard(&silent, [] { throw 1; }), DA3_E_INTERNAL);
  EXPECT_EQ(silent.code, DA3_E_INTERNAL);
}

TEST(SdkGuard, SentencesAreCutBetweenCharacters) {
  const auto cut = [](uint32_t capacity) {
    return told([] { throw Error(DA3_E_MODEL, "\xC3\xA9\xC3\xA9"); }, capacity).sentence;
  };
  EXPECT_EQ(cut(5), "\xC3\xA9\xC3\xA9");
  EXPECT_EQ(cut(4), "\xC3\xA9");
  EXPECT_EQ(cut(3), "\xC3\xA9");
  EXPECT_EQ(cut(2), "");
  EXPECT_EQ(cut(1), "");
}

TEST(SdkGuard, StructsOfAnOlderCallerAreNotWrittenBeyondTheirSize) {
  da3_memory whole{}, memory{};
  whole.struct_size = sizeof whole;
  whole.weights = 5, whole.limit = 6;
  memory.struct_size = offsetof(da3_memory, limit);
  memory.limit = 77;
  fill_struct(&memory, whole);
  EXPECT_EQ(memory.struct_size, offsetof(da3_memory, limit));
  EXPECT_EQ(memory.weights, 5u);
  EXPECT_EQ(memory.limit, 77u);
  EXPECT_THROW(fill_struct<da3_memory>(nullptr, whole), Error);
  memory.struct_size = 0;
  EXPECT_THROW(fill_struct(&memory, whole), Error);
}

}  // namespace
}  // namespace da3
