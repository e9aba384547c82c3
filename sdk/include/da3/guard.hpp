// SPDX-License-Identifier: Apache-2.0
// The C wall: runs C++ behind an ABI function and turns every exception into a code and a sentence.
#pragma once

#include <da3/error.hpp>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace da3 {

/// Fills the caller's error struct, allocating nothing; truncates the sentence at a UTF-8 boundary. Returns
/// code.
inline int32_t fill_error(da3_error* error, int32_t code, const char* message, int32_t kind = 0,
                          int64_t index = -1, int32_t native = 0) noexcept {
  if (!error) return code;
  if (DA3_HAS(error, da3_error, code)) error->code = code;
  if (DA3_HAS(error, da3_error, kind)) error->kind = kind;
  if (DA3_HAS(error, da3_error, native)) error->native = native;
  if (DA3_HAS(error, da3_error, index)) error->index = index;
  if (DA3_HAS(error, da3_error, msg) && error->msg && error->msg_cap > 0) {
    size_t n = std::strlen(message);
    if (n >= error->msg_cap) {
      n = error->msg_cap - 1;
      while (n > 0 && (static_cast<unsigned char>(message[n]) & 0xC0) == 0x80) --n;
    }
    std::memcpy(error->msg, message, n);
    error->msg[n] = '\0';
  }
  return code;
}

/// Calls body() and returns DA3_OK, or the code of what it threw with the sentence in error. Nothing gets
/// past it.
template <class Body>
int32_t guard(da3_error* error, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return DA3_OK;
  } catch (const Error& e) {
    return fill_error(error, e.code(), e.what(), e.kind(), e.index(), e.native());
  } catch (const std::bad_alloc&) {
    return fill_error(
        error, DA3_E_NOMEM_HOST,
        "out of host memory: an allocation failed; use fewer views, a smaller process_res or more memory");
  } catch (const std::exception& e) {
    return fill_error(error, DA3_E_INTERNAL, e.what());
  } catch (...) {
    return fill_error(error, DA3_E_INTERNAL,
                      "internal error: an exception of unknown type; please report it");
  }
}

/// Fills a struct that the caller owns with as much of value as it has room for, and keeps its struct_size.
/// Throws Error: DA3_E_INVALID for NULL, DA3_E_ABI without a struct_size.
template <class T>
void fill_struct(T* out, const T& value) {
  if (!out) throw Error(DA3_E_INVALID, "invalid call: out is NULL");
  const uint32_t size = out->struct_size;
  if (size < 2 * sizeof(uint32_t)) throw Error(DA3_E_ABI, "invalid call: out has no struct_size");
  std::memcpy(out, &value, std::min<size_t>(size, sizeof value));
  out->struct_size = size;
}

}  // namespace da3
