// SPDX-License-Identifier: Apache-2.0
#include "watched_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>

namespace da3::check {
namespace {

constexpr size_t margin = 4096;
constexpr unsigned char canary = 0xC5;

unsigned char* map(size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<unsigned char*>(memory);
}

}  // namespace

Guarded::Guarded(size_t bytes, size_t misalign) : map_size_(bytes + misalign + 2 * margin), bytes_(bytes) {
  map_ = map(map_size_);
  std::memset(map_, canary, map_size_);
  data_ = map_ + margin + misalign;
  std::memset(data_, 0xFF, bytes_);
}

Guarded::~Guarded() { ::munmap(map_, map_size_); }

std::string Guarded::damage() const {
  for (const unsigned char* at = data_ - 1; at >= map_; --at)
    if (*at != canary)
      return "memory before its beginning was written (byte " + std::to_string(at - data_) + ")";
  for (const unsigned char* at = data_ + bytes_; at < map_ + map_size_; ++at)
    if (*at != canary)
      return "memory after its end was written (byte " +
             std::to_string(at - data_ - static_cast<ptrdiff_t>(bytes_)) + " beyond it)";
  return "";
}

Revocable::Revocable(size_t bytes) : map_(map(bytes)), size_(bytes) {}
Revocable::~Revocable() { ::munmap(map_, size_); }

void* Revocable::take(size_t bytes) {
  const size_t start = used_;
  used_ += (bytes + 15) / 16 * 16;
  if (used_ > size_) throw std::bad_alloc();
  return map_ + start;
}

const char* Revocable::text(std::string_view text) {
  char* copy = static_cast<char*>(take(text.size() + 1));
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

void Revocable::revoke() { ::mprotect(map_, size_, PROT_NONE); }

}  // namespace da3::check
