// SPDX-License-Identifier: Apache-2.0
#include "engine/upload_ring.hpp"

#include <algorithm>

namespace da3::engine {

std::shared_ptr<DeviceCopy> UploadRing::begin(const at::Tensor& host) {
  const std::lock_guard lock(mutex_);
  const auto free = std::find_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return !slot.busy(); });
  if (free == slots_.end()) return nullptr;
  const auto bytes = static_cast<int64_t>(host.nbytes());
  if (!free->buffer.defined() || free->buffer.numel() < bytes) {
    *free = {};  // first give back, then take
    free->buffer = device_.host_buffer(bytes);
  }
  const at::Tensor staged = free->buffer.narrow(0, 0, bytes).view(host.scalar_type()).view(host.sizes());
  staged.copy_(host);
  free->copy = device_.copy(staged);
  return free->copy;
}

uint64_t UploadRing::host_bytes() const {
  const std::lock_guard lock(mutex_);
  uint64_t bytes = 0;
  for (const Slot& slot : slots_)
    if (slot.buffer.defined()) bytes += slot.buffer.nbytes();
  return bytes;
}

uint64_t UploadRing::clear() {
  const std::lock_guard lock(mutex_);
  uint64_t bytes = 0;
  for (Slot& slot : slots_) {
    if (slot.busy() || !slot.buffer.defined()) continue;
    bytes += slot.buffer.nbytes();
    slot = {};
  }
  return bytes;
}

}  // namespace da3::engine
