// SPDX-License-Identifier: Apache-2.0
// A da3_tensor from data to byte_offset is a DLTensor, member by member: so it can be handed to whatever
// takes DLPack.
#include <ATen/dlpack.h>
#include <da3/plugin.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

namespace da3 {
namespace {

constexpr size_t kStart = offsetof(da3_tensor, data);

static_assert(offsetof(DLTensor, data) + kStart == offsetof(da3_tensor, data));
static_assert(offsetof(DLTensor, device) + kStart == offsetof(da3_tensor, dl_type));
static_assert(offsetof(DLDevice, device_id) + offsetof(DLTensor, device) + kStart ==
              offsetof(da3_tensor, dl_id));
static_assert(offsetof(DLTensor, ndim) + kStart == offsetof(da3_tensor, ndim));
static_assert(offsetof(DLTensor, dtype) + kStart == offsetof(da3_tensor, code));
static_assert(offsetof(DLDataType, bits) + offsetof(DLTensor, dtype) + kStart == offsetof(da3_tensor, bits));
static_assert(offsetof(DLDataType, lanes) + offsetof(DLTensor, dtype) + kStart ==
              offsetof(da3_tensor, lanes));
static_assert(offsetof(DLTensor, shape) + kStart == offsetof(da3_tensor, shape));
static_assert(offsetof(DLTensor, strides) + kStart == offsetof(da3_tensor, strides));
static_assert(offsetof(DLTensor, byte_offset) + kStart == offsetof(da3_tensor, byte_offset));
static_assert(sizeof(DLTensor) == offsetof(da3_tensor, owner) - kStart);

/// The codes that plugin.h names in numbers.
static_assert(kDLCPU == 1 && kDLCUDA == 2 && kDLMetal == 8 && kDLUInt == 1 && kDLFloat == 2);

TEST(DlPack, ATensorCanBeReadAsOne) {
  float values[6] = {1, 2, 3, 4, 5, 6};
  int64_t shape[] = {2, 3};
  da3_tensor tensor{};
  tensor.struct_size = sizeof tensor;
  tensor.data = values, tensor.dl_type = kDLCPU, tensor.ndim = 2;
  tensor.code = kDLFloat, tensor.bits = 32, tensor.lanes = 1, tensor.shape = shape;
  DLTensor view;
  std::memcpy(&view, reinterpret_cast<const char*>(&tensor) + kStart, sizeof view);
  EXPECT_EQ(view.data, values);
  EXPECT_EQ(view.device.device_type, kDLCPU);
  EXPECT_EQ(view.ndim, 2);
  EXPECT_EQ(view.dtype.code, kDLFloat);
  EXPECT_EQ(view.dtype.bits, 32);
  EXPECT_EQ(view.shape[1], 3);
  EXPECT_EQ(view.strides, nullptr);
}

}  // namespace
}  // namespace da3
