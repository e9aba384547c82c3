// SPDX-License-Identifier: Apache-2.0
// A host that offers "da3.trace/1" with a clock that counts how often it is read, so that no test depends on
// time.
#pragma once

#include <da3/plugin.h>
#include <da3/trace.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

namespace da3::test {

struct HeardSpan {
  uint64_t run = 0, begin = 0, end = 0, bytes = 0, flops = 0;
  uint32_t category = 0, track = 0;
  std::string name, kind;
  const da3_watch* watch = nullptr;
};

class TraceHost {
 public:
  TraceHost() {
    trace_.struct_size = sizeof trace_;
    trace_.ctx = this;
    trace_.now = [](void* self) -> uint64_t { return ++static_cast<TraceHost*>(self)->readings; };
    trace_.wanted = [](void* self, const da3_watch*, uint64_t) -> uint32_t {
      ++static_cast<TraceHost*>(self)->questions;
      return static_cast<TraceHost*>(self)->wanted;
    };
    trace_.span = [](void* self, const da3_watch* watch, const da3_span* span) {
      static_cast<TraceHost*>(self)->take(watch, *span);
    };
    table_.struct_size = sizeof table_;
    table_.abi_major = DA3_ABI_MAJOR;
    table_.ctx = this;
    table_.name = "trace tests";
    table_.version = "1";
    table_.extension = [](void* self, const char* id) -> const void* {
      return std::string(id) == DA3_TRACE_ID ? &static_cast<TraceHost*>(self)->trace_ : nullptr;
    };
  }
  TraceHost(const TraceHost&) = delete;

  const da3_host* table() const { return &table_; }

  /// What was heard since the last call.
  std::vector<HeardSpan> spans() {
    const std::lock_guard lock(mutex_);
    return std::move(spans_);
  }

  std::atomic<uint32_t> wanted{0};
  std::atomic<uint64_t> readings{0}, questions{0};

 private:
  void take(const da3_watch* watch, const da3_span& span) {
    const std::lock_guard lock(mutex_);
    spans_.push_back({span.run, span.begin_ns, span.begin_ns + span.duration_ns, span.bytes, span.flops,
                      span.category, span.track, span.name, span.kind, watch});
  }

  da3_trace trace_{};
  da3_host table_{};
  std::mutex mutex_;
  std::vector<HeardSpan> spans_;
};

}  // namespace da3::test
