// SPDX-License-Identifier: Apache-2.0
// What a plugin in C++ does that forgets to catch.
#include <memory>
#include <stdexcept>

extern "C" void evil_throw() { throw std::runtime_error("nobody catches me"); }

extern "C" void evil_allocate() {
  const std::unique_ptr<volatile char[]> scratch(new char[100]);
  scratch[0] = 1;
}
