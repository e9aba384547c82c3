// SPDX-License-Identifier: Apache-2.0
// Where the time of a load or a run goes: Watch::trace receives it, span by span. What stages, layers and
// tracks are: da3/trace.h. A plugin that does not measure reports nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace da3 {

/// A piece of work with its begin and end. Spans arrive when they have ended: operations before their
/// layer, layers before their stage.
struct TraceSpan {
  enum class Category { stage, layer, operation };
  Category category = Category::stage;
  uint64_t run = 0;        ///< the run's id; 0: a load
  std::string name, kind;  ///< "block.3" of kind "block"; of a stage both are its name
  uint32_t track = 0;      ///< 0: the thread that called; else a thread or stream of the plugin's
  uint64_t begin_ns = 0, duration_ns = 0;  ///< on std::chrono::steady_clock
  std::optional<uint64_t> bytes, flops;    ///< where the plugin knows them
};

/// Each with those before it. Measuring layers may make an asynchronous device wait after each of them;
/// stages cost nothing to speak of. operations: of a load also the device's ceilings, which takes a second.
enum class TraceDetail { stages, layers, operations };

using TraceSink = std::function<void(const TraceSpan& span)>;

}  // namespace da3
