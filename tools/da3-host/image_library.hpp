// SPDX-License-Identifier: Apache-2.0
// libda3_io, opened while something else goes on: with the libraries that it needs this takes as long as a
// small model's weights.
#pragma once

#include <future>
#include <mutex>

#include <da3/io/open.hpp>

namespace da3::host {

class ImageLibrary {
 public:
  /// Starts to open it in a thread, once. [any thread]
  void begin() { (void)opening(); }

  /// Throws what io::open does. [any thread]
  const io::Api& get() { return *opening().get(); }

 private:
  std::shared_future<const io::Api*> opening() {
    const std::lock_guard lock(mutex_);
    if (!opened_.valid()) opened_ = std::async(std::launch::async, [] { return &io::open(); });
    return opened_;
  }

  std::mutex mutex_;
  std::shared_future<const io::Api*> opened_;
};

}  // namespace da3::host
