// SPDX-License-Identifier: Apache-2.0
// A part of a network that most runs do not ask for: it is read when the first one does. Until then it takes
// neither memory nor time, only the open file.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "net/layers.hpp"

namespace da3::net {

template <class Part>
class OnDemand {
 public:
  using Make = std::function<Part(const WeightReader&)>;

  /// make: reads the part from where weights reads.
  OnDemand(const WeightReader& weights, Make make)
      : file_(weights.source().file.unmapped()),
        source_{file_, weights.source().device,    weights.source().kernels,
                {},    weights.source().precision, weights.source().keep},
        reader_(weights.of(source_)),
        make_(std::move(make)) {}
  OnDemand(const OnDemand&) = delete;
  OnDemand& operator=(const OnDemand&) = delete;

  bool there() const { return there_; }

  /// Throws Error(DA3_E_MODEL) when the file cannot be read any more; the next call tries again. [any thread]
  const Part& get() const {
    if (there_) return *part_;
    const std::lock_guard lock(mutex_);
    if (there_) return *part_;
    file_.check_unchanged();
    const auto read = [this] {
      part_.emplace(make_(reader_));
      there_ = true;
    };
    if (source_.keep)
      source_.keep(read);
    else
      read();
    return *part_;
  }

 private:
  const checkpoint::SafetensorsFile file_;
  const WeightSource source_;
  const WeightReader reader_;
  const Make make_;
  mutable std::mutex mutex_;
  mutable std::optional<Part> part_;
  mutable std::atomic<bool> there_{false};
};

}  // namespace da3::net
