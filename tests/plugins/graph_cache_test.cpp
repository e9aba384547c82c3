// SPDX-License-Identifier: Apache-2.0
// Which runs are recorded, replayed, dropped or left eager, and uploads beside a computation, on a device
// that is the host.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <da3/error.hpp>
#include <string>

#include "engine/graph_cache.hpp"
#include "engine/upload_ring.hpp"
#include "support/host_gpu.hpp"

namespace da3::engine {
namespace {

constexpr uint64_t kMebibyte = 1 << 20;

class Graphs : public testing::Test {
 protected:
  /// Runs 3 * image for a model and shape; the first value of what came out.
  float run(GraphCache& cache, float value, const std::string& key = "a", int model = 0) {
    float first = 0;
    gpu_.enter([&] {
      const net::NetInputs inputs{at::full({4}, value), {}, {}};
      const net::Computed computed =
          cache.run(&models_[model], key, inputs, [this](const net::NetInputs& in) {
            ++computed_;
            net::Computed result;
            result.out.depth = in.image * 3.0;
            return result;
          });
      first = computed.out.depth[0].item<float>();
    });
    return first;
  }

  test::HostGpu gpu_;
  int models_[2] = {};
  int computed_ = 0;
};

TEST_F(Graphs, TheSecondRunRecordsAndLaterOnesReplay) {
  GraphCache cache(gpu_, {2, 0});
  EXPECT_EQ(run(cache, 1), 3);
  EXPECT_EQ(gpu_.recorded, 0) << "what comes once is not worth it";
  EXPECT_EQ(run(cache, 2), 6);
  EXPECT_EQ(gpu_.recorded, 1);
  EXPECT_EQ(gpu_.replayed, 1);
  EXPECT_EQ(run(cache, 5), 15) << "a replay must see the new input";
  EXPECT_EQ(gpu_.recorded, 1);
  EXPECT_EQ(gpu_.replayed, 2);
  EXPECT_EQ(cache.bytes(), kMebibyte);
  EXPECT_EQ(cache.describe(), "1 recorded");
}

TEST_F(Graphs, TheRunBeforeARecordingWarmsUp) {
  GraphCache cache(gpu_, {1, 0});
  run(cache, 1);
  int before = 0;
  gpu_.while_recording = [&] { before = computed_; };
  run(cache, 1);
  EXPECT_EQ(before, 2) << "an eager run comes right before";
}

TEST_F(Graphs, KeysAndModelsHaveTheirOwn) {
  GraphCache cache(gpu_, {4, 0});
  for (int turn = 0; turn < 2; ++turn) {
    run(cache, 1, "a", 0);
    run(cache, 1, "b", 0);
    run(cache, 1, "a", 1);
  }
  EXPECT_EQ(gpu_.recorded, 3);
  EXPECT_EQ(cache.forget(&models_[0]), 2 * kMebibyte);
  EXPECT_EQ(gpu_.destroyed, 2);
  EXPECT_EQ(cache.bytes(), kMebibyte);
  EXPECT_EQ(run(cache, 7, "a", 1), 21);
  EXPECT_EQ(gpu_.recorded, 3) << "the other model's recording is still there";
}

TEST_F(Graphs, TheLeastRecentlyUsedGoesFirst) {
  GraphCache cache(gpu_, {2, 0});
  for (const char* key : {"a", "a", "b", "b", "a", "c", "c"}) run(cache, 1, key);
  EXPECT_EQ(gpu_.recorded, 3);
  EXPECT_EQ(gpu_.destroyed, 1);
  run(cache, 1, "a");
  EXPECT_EQ(gpu_.recorded, 3) << "a was used after b, so b had to go";
  run(cache, 1, "b");
  EXPECT_EQ(gpu_.recorded, 4);
}

TEST_F(Graphs, BytesBoundThemToo) {
  GraphCache cache(gpu_, {8, 5 * kMebibyte});
  gpu_.graph_bytes = 2 * kMebibyte;
  for (const char* key : {"a", "a", "b", "b", "c", "c"}) run(cache, 1, key);
  EXPECT_EQ(cache.bytes(), 4 * kMebibyte);
  EXPECT_EQ(gpu_.destroyed, 1);
}

TEST_F(Graphs, OneThatIsTooLargeStaysEagerAndSaysWhy) {
  GraphCache cache(gpu_, {8, 5 * kMebibyte});
  gpu_.graph_bytes = 6 * kMebibyte;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(run(cache, 2), 6);
  EXPECT_EQ(gpu_.recorded, 1) << "it is not tried again";
  EXPECT_EQ(cache.bytes(), 0u);
  EXPECT_EQ(cache.describe(), "0 recorded, 1 eager: its recording holds 6 MiB, the limit of all is 5 MiB");
}

TEST_F(Graphs, ARefusalLeavesTheKeyEagerAndSaysWhy) {
  GraphCache cache(gpu_, {8, 0});
  gpu_.refuse_recording = "operation not permitted when stream is capturing\nand pages of frames";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(cache, 2), 6);
  EXPECT_EQ(cache.describe(), "0 recorded, 1 eager: operation not permitted when stream is capturing");
  gpu_.refuse_recording.clear();
  EXPECT_EQ(run(cache, 2), 6);
  EXPECT_EQ(gpu_.recorded, 0) << "a failure is for good";
  run(cache, 1, "b");
  EXPECT_EQ(run(cache, 1, "b"), 3);
  EXPECT_EQ(gpu_.recorded, 1) << "but only for that key";
}

TEST_F(Graphs, ACancelledRecordingIsTriedAgain) {
  GraphCache cache(gpu_, {8, 0});
  run(cache, 1);
  gpu_.while_recording = [] { throw Error(DA3_E_CANCELLED, "cancelled"); };
  EXPECT_THROW(run(cache, 1), Error);
  gpu_.while_recording = {};
  EXPECT_EQ(run(cache, 2), 6);
  EXPECT_EQ(gpu_.recorded, 1);
}

TEST_F(Graphs, ClearDestroysAll) {
  GraphCache cache(gpu_, {8, 0});
  for (const char* key : {"a", "a", "b", "b"}) run(cache, 1, key);
  EXPECT_EQ(cache.clear(), 2 * kMebibyte);
  EXPECT_EQ(gpu_.destroyed, 2);
  EXPECT_EQ(cache.bytes(), 0u);
  EXPECT_EQ(cache.clear(), 0u);
}

TEST_F(Graphs, ManyShapesAreForgotten) {
  GraphCache cache(gpu_, {2, 0});
  for (int i = 0; i < 200; ++i) run(cache, 1, std::to_string(i));
  run(cache, 1, "0");
  EXPECT_EQ(gpu_.recorded, 0) << "the first of two hundred keys is no longer known";
}

class Uploads : public testing::Test {
 protected:
  std::shared_ptr<DeviceCopy> begin(UploadRing& ring, const at::Tensor& host) {
    std::shared_ptr<DeviceCopy> copy;
    gpu_.enter([&] { copy = ring.begin(host); });
    return copy;
  }
  at::Tensor use(DeviceCopy& copy) {
    at::Tensor tensor;
    gpu_.enter([&] { tensor = copy.use(); });
    return tensor;
  }
  test::HostGpu gpu_;
};

TEST_F(Uploads, CarryWhatTheHostHadWhenTheyBegan) {
  UploadRing ring(gpu_, 2);
  at::Tensor image = at::full({2, 3, 5}, 7, at::kByte).transpose(0, 2);  // not contiguous
  const at::Tensor before = image.clone();
  const auto copy = begin(ring, image);
  image.fill_(9);
  EXPECT_TRUE(at::equal(use(*copy), before));
}

TEST_F(Uploads, TakeABufferEachAndNoMoreThanThereAre) {
  UploadRing ring(gpu_, 2);
  gpu_.copies_finish = false;
  const auto first = begin(ring, at::full({8}, 1, at::kByte)),
             second = begin(ring, at::full({8}, 2, at::kByte));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(begin(ring, at::full({8}, 3, at::kByte)), nullptr) << "both buffers are being read";
  EXPECT_EQ(ring.host_bytes(), 16u);
  EXPECT_EQ(ring.clear(), 0u) << "buffers that are being read must stay";
  gpu_.copies_finish = true;
  EXPECT_TRUE(begin(ring, at::full({8}, 3, at::kByte)));
  EXPECT_EQ(gpu_.buffers, 2) << "buffers are used again";
  EXPECT_EQ(use(*first)[0].item<int>(), 1);
  EXPECT_EQ(ring.clear(), 16u);
}

TEST_F(Uploads, GrowWithTheImages) {
  UploadRing ring(gpu_, 1);
  begin(ring, at::full({8}, 1, at::kByte));
  const auto larger = begin(ring, at::full({64}, 2, at::kByte));
  EXPECT_EQ(ring.host_bytes(), 64u);
  const auto smaller = begin(ring, at::full({4}, 3, at::kByte));
  EXPECT_EQ(gpu_.buffers, 2) << "a smaller image fits into what is there";
  EXPECT_EQ(use(*smaller).numel(), 4);
}

TEST_F(Uploads, WithoutBuffersThereAreNone) {
  UploadRing ring(gpu_, 0);
  EXPECT_EQ(begin(ring, at::full({8}, 1, at::kByte)), nullptr);
}

}  // namespace
}  // namespace da3::engine
