// SPDX-License-Identifier: Apache-2.0
// libda3_mps_engine as it was built: it loads, and where there is no Metal it refuses with its reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <da3/error.hpp>

#include "loader/engine_loader.hpp"
#include "support/abi_client.hpp"

namespace da3 {
namespace {

const engine::Table& mps_engine() {
  loader::Request request;
  request.engine = DA3_MPS_ENGINE;
  request.backend = "mps";
  return loader::open_engine(request);
}

TEST(MpsEngine, LoadsAndTellsItsRuntime) { EXPECT_STREQ(mps_engine().runtime_id, DA3_EXPECTED_RUNTIME_ID); }

TEST(MpsEngine, WithoutMetalItRefusesWithItsReason) {
  engine::Policy policy;
  policy.dl_type = 8;
  policy.memory_high = 0.7;
  engine::Context* context = nullptr;
  const test::Answer answer = test::ask(
      [&](da3_error* error) { return mps_engine().context_create(&policy, nullptr, &context, error); });
  EXPECT_EQ(answer.code, DA3_E_UNAVAILABLE);
  EXPECT_EQ(context, nullptr);
  EXPECT_EQ(answer.message,
            "the mps backend cannot be used: this LibTorch finds no Metal device here; use a Mac with Apple "
            "silicon, or the cpu backend");
}

}  // namespace
}  // namespace da3
