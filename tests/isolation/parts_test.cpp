// SPDX-License-Identifier: Apache-2.0
// Parts of isolation that no run shows: what is refused on either side of the socket.
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cstring>
#include <thread>

#include "abi_call.hpp"
#include "isolation/channel.hpp"
#include "isolation/death.hpp"
#include "isolation/message.hpp"
#include "isolation/segments.hpp"
#include "support/temporary_folder.hpp"

namespace da3::detail::isolation {
namespace {

using test::message_of;
using ::testing::HasSubstr;

TEST(Channel, CarriesMessagesAndDescriptors) {
  auto [a, b] = socket_pair();
  Channel left(std::move(a)), right(std::move(b));
  const Fd memory = create_shared_memory(100);
  const int fds[] = {memory.get()};
  EXPECT_TRUE(left.send({{"op", "x"}, {"text", std::string(3, '\xff')}}, fds));
  EXPECT_TRUE(left.send({{"op", "y"}}));
  const auto message = right.receive();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->body.at("text"), std::string(3, '\xff')) << "any bytes: paths need not be UTF-8";
  ASSERT_EQ(message->fds.size(), 1u);
  EXPECT_EQ(shared_memory_size(message->fds[0].get()), 100u);
  EXPECT_EQ(right.receive()->body.at("op"), "y");
}

TEST(Channel, KnowsTheEndAndNonsense) {
  for (const std::string& bytes :
       {std::string("short"), std::string(64, '\0'), std::string("AD3W\xff\xff\xff\xff garbage")}) {
    auto [a, b] = socket_pair();
    Channel right(std::move(b));
    send_bytes(a.get(), bytes.data(), bytes.size());
    a = Fd();
    if (bytes.size() < 16)
      EXPECT_FALSE(right.receive());
    else
      EXPECT_THROW(right.receive(), Error);
  }
  auto [a, b] = socket_pair();
  b = Fd();
  EXPECT_FALSE(Channel(std::move(a)).send({{"op", "x"}})) << "and no SIGPIPE";
}

TEST(Segment, RefusesWhatLiesOutside) {
  const Segment segment(1, create_shared_memory(4096), 4096);
  EXPECT_NO_THROW(segment.at(0, 4096));
  EXPECT_NO_THROW(segment.at(4096, 0));
  EXPECT_THROW(segment.at(0, 4097), Error);
  EXPECT_THROW(segment.at(4096, 1), Error);
  EXPECT_THROW(segment.at(UINT64_MAX, 2), Error);
  EXPECT_THROW(segment.at(2, UINT64_MAX), Error);
  EXPECT_THROW(Segment(2, create_shared_memory(4096), 8192), Error) << "smaller than was said";
  EXPECT_THROW(Segment(3, Fd(), 1), Error);
}

#if defined(__linux__)
TEST(Segment, TheOtherSideCannotCutIt) {
  const Fd memory = create_shared_memory(4096);
  EXPECT_NE(::ftruncate(memory.get(), 0), 0);
}
#endif

TEST(SegmentPool, UsesAgainDropsAndTells) {
  const auto pool = std::make_shared<SegmentPool>();
  auto first = pool->take(1000);
  const uint64_t id = first->id();
  auto second = pool->take(1000);
  EXPECT_NE(second->id(), id);
  first.reset();
  EXPECT_EQ(pool->take(900)->id(), id);
  auto large = pool->take(50 << 20);
  EXPECT_EQ(pool->take_dropped(), std::vector<uint64_t>{id}) << "too small for what runs are now";
  const uint64_t large_id = large->id();
  large.reset();
  EXPECT_NE(pool->take(10)->id(), large_id) << "far too large";
  EXPECT_EQ(pool->take(30 << 20)->id(), large_id);
  EXPECT_GT(pool->trim(), uint64_t{50} << 20);
  second.reset();
  auto outliving = pool->take(10);
  std::weak_ptr<SegmentPool> gone = pool;
  EXPECT_TRUE(pool->take_dropped().size() >= 2);
}

TEST(SegmentPool, ASegmentOutlivesIt) {
  auto pool = std::make_shared<SegmentPool>();
  const auto segment = pool->take(100);
  pool.reset();
  std::memset(segment->at(0, 100), 1, 100);
}

TEST(Tensors, WhatIsNotCarriedIsRefused) {
  int64_t shape[] = {2, 3}, strides[] = {1, 2};
  da3_tensor tensor = zeroed<da3_tensor>();
  tensor.name = "image";
  tensor.data = shape;
  tensor.dl_type = 1;
  tensor.ndim = 2, tensor.shape = shape;
  tensor.code = 2, tensor.bits = 32, tensor.lanes = 1;
  const auto why = [&] { return message_of([&] { data_bytes(tensor_facts(tensor, 2, 0), 2, 0); }); };
  EXPECT_EQ(why(), "");
  EXPECT_EQ(data_bytes(tensor_facts(tensor, 2, 0), 2, 0), 24u);
  tensor.strides = strides;
  EXPECT_THAT(why(), HasSubstr("is not contiguous"));
  tensor.strides = nullptr;
  shape[0] = -1;
  EXPECT_THAT(why(), HasSubstr("negative side -1"));
  shape[0] = shape[1] = int64_t{1} << 40;
  EXPECT_THAT(why(), HasSubstr("larger than memory"));
  tensor.ndim = 17;
  EXPECT_THAT(why(), HasSubstr("no proper shape"));
  tensor.ndim = -1;
  EXPECT_THAT(why(), HasSubstr("no proper shape"));
  tensor.ndim = 2, tensor.dl_type = 2;
  EXPECT_THAT(why(), HasSubstr("not lie in host memory"));
}

TEST(Messages, SurviveTheWay) {
  const auto over = [](const Json& json) { return Json::from_cbor(Json::to_cbor(json)); };
  const Error error(DA3_E_SHAPE, "why", 3, -1, 42);
  const Error back = error_of(over(to_json(error)));
  EXPECT_EQ(back.code(), error.code());
  EXPECT_EQ(back.message(), error.message());
  EXPECT_EQ(back.kind(), error.kind());
  EXPECT_EQ(back.index(), error.index());
  EXPECT_EQ(back.native(), error.native());
  da3_memory memory = zeroed<da3_memory>();
  memory.weights = 1, memory.limit = UINT64_MAX;
  EXPECT_EQ(to_json(memory_of(over(to_json(memory)))), to_json(memory));
}

TEST(LastLines, KeepsTheEnd) {
  LastLines lines;
  std::vector<std::string> seen;
  const auto each = [&](const std::string& line) { seen.push_back(line); };
  lines.add("one\ntw", each);
  lines.add("o\n\n  \nthree", each);
  EXPECT_EQ(seen, (std::vector<std::string>{"one", "two"}));
  lines.flush(each);
  EXPECT_EQ(lines.text(), "one | two | three");
  for (int i = 0; i < 1000; ++i) lines.add("line " + std::to_string(i) + "\n", each);
  EXPECT_LE(lines.text().size(), 800u);
  EXPECT_THAT(lines.text(), testing::EndsWith("line 999"));
  EXPECT_THAT(lines.text(), testing::StartsWith("line "));
}

}  // namespace
}  // namespace da3::detail::isolation
