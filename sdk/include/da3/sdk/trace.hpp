// SPDX-License-Identifier: Apache-2.0
// Where the time of one load or run goes, told to a host that listens (da3/trace.h). C++17.
//
//   Trace trace = watch.trace();
//   trace.stage("upload");            // ends the stage before it
//   ...
//   trace.stage("backbone");
//   for (...) { const auto layer = trace.layer("block", i);  ... }
//   trace.end();                      // or its destructor
#pragma once

#include <da3/plugin.h>
#include <da3/trace.h>

#include <cstdint>
#include <cstdio>

namespace da3::sdk {

/// For one call and one thread. Where nobody listens every member is a test of a number. Allocates nothing,
/// never throws. Names must live as long as the Trace: literals.
class Trace {
 public:
  Trace() noexcept = default;
  /// host and watch may be NULL and must live as long as the call. track: see da3/trace.h.
  Trace(const da3_host* host, const da3_watch* watch, uint64_t run, uint32_t track = 0) noexcept
      : watch_(watch), run_(run), track_(track) {
    if (!DA3_HAS(host, da3_host, extension) || !host->extension) return;
    const auto* table = static_cast<const da3_trace*>(host->extension(host->ctx, DA3_TRACE_ID));
    if (!DA3_HAS(table, da3_trace, span)) return;
    table_ = table;
    wanted_ = table->wanted(table->ctx, watch, run);
  }
  ~Trace() { end(); }
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  bool wants_stages() const noexcept { return (wanted_ & DA3_TRACE_STAGE) != 0; }
  bool wants_layers() const noexcept { return (wanted_ & DA3_TRACE_LAYER) != 0; }
  bool wants_operations() const noexcept { return (wanted_ & DA3_TRACE_OPERATION) != 0; }

  /// The stage before it ends where this one begins, at the same nanosecond.
  void stage(const char* name) noexcept {
    if (!wants_stages()) return;
    const uint64_t now = time();
    end_at(now);
    stage_ = name;
    begin_ = now;
  }
  void end() noexcept {
    if (stage_) end_at(time());
  }

  /// A layer as long as it lives: name "block.3" of kind "block" and index 3, the kind alone without an
  /// index.
  class Layer {
   public:
    Layer(const Trace* trace, const char* kind, int64_t index) noexcept
        : trace_(trace), kind_(kind), index_(index), begin_(trace ? trace->time() : 0) {}
    ~Layer() {
      if (!trace_) return;
      const uint64_t end = trace_->time();
      char name[64];
      if (index_ >= 0)
        std::snprintf(name, sizeof name, "%s.%lld", kind_, static_cast<long long>(index_));
      else
        std::snprintf(name, sizeof name, "%s", kind_);
      trace_->report(DA3_TRACE_LAYER, name, kind_, begin_, end, bytes, flops);
    }
    Layer(const Layer&) = delete;
    Layer& operator=(const Layer&) = delete;

    uint64_t bytes = UINT64_MAX, flops = UINT64_MAX;  ///< where they are known

   private:
    const Trace* trace_;
    const char* kind_;
    int64_t index_;
    uint64_t begin_;
  };
  Layer layer(const char* kind, int64_t index = -1) const noexcept {
    return Layer(wants_layers() ? this : nullptr, kind, index);
  }

  /// The host's clock, to begin an operation; only where something is wanted.
  uint64_t now() const noexcept { return time(); }
  /// An operation that began at `begin` and ends here, where operations are wanted.
  void operation(const char* kind, uint64_t begin, uint64_t bytes, uint64_t flops) const noexcept {
    if (wants_operations()) report(DA3_TRACE_OPERATION, kind, kind, begin, time(), bytes, flops);
  }

 private:
  uint64_t time() const noexcept { return table_->now(table_->ctx); }
  void end_at(uint64_t now) noexcept {
    if (stage_) report(DA3_TRACE_STAGE, stage_, stage_, begin_, now, UINT64_MAX, UINT64_MAX);
    stage_ = nullptr;
  }
  void report(uint32_t category, const char* name, const char* kind, uint64_t begin, uint64_t end,
              uint64_t bytes, uint64_t flops) const noexcept {
    da3_span span{};
    span.struct_size = sizeof span;
    span.run = run_, span.begin_ns = begin, span.duration_ns = end - begin;
    span.bytes = bytes, span.flops = flops, span.category = category, span.track = track_;
    span.name = name, span.kind = kind;
    table_->span(table_->ctx, watch_, &span);
  }

  const da3_trace* table_ = nullptr;
  const da3_watch* watch_ = nullptr;
  uint64_t run_ = 0, begin_ = 0;
  const char* stage_ = nullptr;
  uint32_t wanted_ = 0, track_ = 0;
};

}  // namespace da3::sdk
