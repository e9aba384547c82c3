// SPDX-License-Identifier: Apache-2.0
// What a plugin in C++ does that forgets to catch.
#include <stdexcept>

extern "C" void evil_throw() { throw std::runtime_error("nobody catches me"); }
