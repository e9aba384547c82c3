// SPDX-License-Identifier: Apache-2.0
#include "npz.hpp"

#include "files.hpp"

#include <da3/error.hpp>

#include <zip.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <exception>
#include <memory>
#include <new>

namespace da3::io {
namespace {

static_assert(std::endian::native == std::endian::little,
              "npz members are written in the machine's own byte order");

[[noreturn]] void throw_zip_error(const std::filesystem::path& path, zip_error_t* error) {
  const std::string what = "writing \"" + path.string() + "\"";
  if (zip_error_code_zip(error) == ZIP_ER_MEMORY) throw std::bad_alloc();
  if (zip_error_system_type(error) == ZIP_ET_SYS && zip_error_code_system(error) != 0)
    throw_file_error(what, zip_error_code_system(error));
  throw Error(DA3_E_NOT_FOUND,
              what + " failed: " + zip_error_strerror(error) + "; check the path and the disk", 0, -1, EIO);
}

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, Discard>;

Archive open_archive(const std::filesystem::path& path) {
  int code = 0;
  Archive archive(zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    throw_zip_error(path, &error);
  }
  return archive;
}

/// A member as libzip reads it: the head, then one part after the other.
struct Stream {
  const NpzMember* member = nullptr;
  std::exception_ptr failure;
  std::vector<uint8_t> bytes;
  size_t at = 0;
  int64_t next = 0;  ///< part

  void open() {
    bytes = npy_head(member->descr, member->shape);
    at = 0, next = 0;
  }

  uint64_t read(uint8_t* to, uint64_t wanted) {
    uint64_t done = 0;
    while (done < wanted) {
      if (at == bytes.size()) {
        if (next == member->shape.front()) break;
        bytes.clear(), at = 0;
        member->make(next++, bytes);
        continue;
      }
      const size_t piece = std::min<uint64_t>(wanted - done, bytes.size() - at);
      std::memcpy(to + done, bytes.data() + at, piece);
      at += piece, done += piece;
    }
    return done;
  }
};

zip_int64_t stream_call(void* state, void* data, zip_uint64_t length, zip_source_cmd_t command) {
  auto& stream = *static_cast<Stream*>(state);
  try {
    switch (command) {
      case ZIP_SOURCE_OPEN:
        stream.open();
        return 0;
      case ZIP_SOURCE_READ:
        return static_cast<zip_int64_t>(stream.read(static_cast<uint8_t*>(data), length));
      case ZIP_SOURCE_STAT:
        zip_stat_init(static_cast<zip_stat_t*>(data));
        return sizeof(zip_stat_t);
      case ZIP_SOURCE_ERROR: {
        const int codes[2] = {ZIP_ER_READ, EIO};
        if (length < sizeof codes) return -1;
        std::memcpy(data, codes, sizeof codes);
        return sizeof codes;
      }
      case ZIP_SOURCE_CLOSE:
      case ZIP_SOURCE_FREE:
        return 0;
      case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                              ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
      default:
        return -1;
    }
  } catch (...) {  // libzip is C
    stream.failure = std::current_exception();
    return -1;
  }
}

bool add(zip_t* archive, Stream& stream) {
  zip_source_t* source = zip_source_function(archive, &stream_call, &stream);
  if (source == nullptr) return false;
  const zip_int64_t index =
      zip_file_add(archive, (stream.member->key + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    return false;
  }
  constexpr zip_uint16_t first_of_january_1980 = 1 << 5 | 1;
  const auto at = static_cast<zip_uint64_t>(index);
  return zip_set_file_compression(archive, at, ZIP_CM_DEFLATE, 0) == 0 &&
         zip_file_set_dostime(archive, at, 0, first_of_january_1980, 0) == 0;
}

}  // namespace

std::vector<uint8_t> npy_head(const std::string& descr, const std::vector<int64_t>& shape) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < shape.size(); ++i)
    header += (i == 0 ? "" : " ") + std::to_string(shape[i]) + (i + 1 < shape.size() || i == 0 ? "," : "");
  header += "), }";
  header.append(63 - (10 + header.size()) % 64, ' ').append("\n");
  const auto size = static_cast<uint16_t>(header.size());
  std::vector<uint8_t> npy(10 + header.size());
  std::memcpy(npy.data(), "\x93NUMPY\x01\x00", 8);
  npy[8] = static_cast<uint8_t>(size & 0xFF);
  npy[9] = static_cast<uint8_t>(size >> 8);
  std::memcpy(npy.data() + 10, header.data(), header.size());
  return npy;
}

void write_npz(const std::filesystem::path& path, const std::vector<NpzMember>& members) {
  make_parent(path);
  std::vector<Stream> streams(members.size());  // outlives the archive, which frees its sources
  Archive archive = open_archive(path);
  for (size_t i = 0; i < members.size(); ++i) {
    streams[i].member = &members[i];
    if (!add(archive.get(), streams[i])) throw_zip_error(path, zip_get_error(archive.get()));
  }
  // libzip writes to a temporary name in the same folder and renames it; when that fails the archive is still
  // ours.
  if (zip_close(archive.get()) != 0) {
    for (const Stream& stream : streams)
      if (stream.failure) std::rethrow_exception(stream.failure);
    throw_zip_error(path, zip_get_error(archive.get()));
  }
  archive.release();
}

}  // namespace da3::io
