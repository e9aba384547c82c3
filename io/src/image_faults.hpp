// SPDX-License-Identifier: Apache-2.0
// What is wrong with an image file, beside EndOfData; whoever knows the file's name makes a sentence of it.
#pragma once

#include <stdexcept>

namespace da3::io {

/// Not cut, but not what its format allows either.
struct Damaged : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Of no format that is read.
struct Foreign : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Of a format that is read, but not of this kind.
struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace da3::io
