// SPDX-License-Identifier: Apache-2.0
// da3::Error: the one exception of da3, used inside core, io, tools and plugins. It never crosses the C ABI:
// see guard.hpp.
#pragma once

#include <da3/plugin.h>

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace da3 {

/// A failure with its code and a sentence for people: "what failed: why; what to do".
class __attribute__((visibility("default"))) Error : public std::exception {
 public:
  /// code: one of DA3_E_*. kind and index say which option, input, output or device (see da3_error). native:
  /// errno etc.
  Error(int32_t code, std::string message, int32_t kind = 0, int64_t index = -1, int32_t native = 0)
      : code_(code), kind_(kind), native_(native), index_(index), message_(std::move(message)) {}

  int32_t code() const noexcept { return code_; }
  int32_t kind() const noexcept { return kind_; }
  int32_t native() const noexcept { return native_; }
  int64_t index() const noexcept { return index_; }
  const std::string& message() const noexcept { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  int32_t code_, kind_, native_;
  int64_t index_;
  std::string message_;
};

/// "DA3_E_SHAPE" for DA3_E_SHAPE; "DA3_E_INTERNAL" for codes this header does not know.
inline const char* code_name(int32_t code) noexcept {
  switch (code) {
    case DA3_OK:
      return "DA3_OK";
    case DA3_E_INVALID:
      return "DA3_E_INVALID";
    case DA3_E_ABI:
      return "DA3_E_ABI";
    case DA3_E_UNAVAILABLE:
      return "DA3_E_UNAVAILABLE";
    case DA3_E_UNKNOWN_KEY:
      return "DA3_E_UNKNOWN_KEY";
    case DA3_E_BAD_VALUE:
      return "DA3_E_BAD_VALUE";
    case DA3_E_NOT_FOUND:
      return "DA3_E_NOT_FOUND";
    case DA3_E_MODEL:
      return "DA3_E_MODEL";
    case DA3_E_SHAPE:
      return "DA3_E_SHAPE";
    case DA3_E_NOMEM_HOST:
      return "DA3_E_NOMEM_HOST";
    case DA3_E_NOMEM_DEVICE:
      return "DA3_E_NOMEM_DEVICE";
    case DA3_E_CANCELLED:
      return "DA3_E_CANCELLED";
    case DA3_E_UNSUPPORTED:
      return "DA3_E_UNSUPPORTED";
    case DA3_E_DEVICE_LOST:
      return "DA3_E_DEVICE_LOST";
    case DA3_E_TIMEOUT:
      return "DA3_E_TIMEOUT";
    case DA3_E_BUSY:
      return "DA3_E_BUSY";
    case DA3_E_NUMERIC:
      return "DA3_E_NUMERIC";
    default:
      return "DA3_E_INTERNAL";
  }
}

}  // namespace da3
