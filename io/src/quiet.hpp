// SPDX-License-Identifier: Apache-2.0
// Codecs print to stderr by themselves (libjpeg and libpng through C, OpenCV through std::cerr) and offer no
// switch that OpenCV passes on. What a thread prints while a Quiet lives on it is dropped; what other threads
// print is not.
#pragma once

namespace da3::io {

/// Once per process: OpenCV's log off, its parallel loops on the calling thread, stderr filtered.
void set_up_codecs();

class Quiet {
 public:
  Quiet();
  ~Quiet();
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
};

}  // namespace da3::io
