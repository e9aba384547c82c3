// SPDX-License-Identifier: Apache-2.0
#include "npz.hpp"

#include "files.hpp"

#include <da3/error.hpp>

#include <zip.h>

#include <bit>
#include <cerrno>
#include <cstring>
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

bool add(zip_t* archive, const NpzMember& member) {
  zip_source_t* source = zip_source_buffer(archive, member.npy.data(), member.npy.size(), 0);
  if (source == nullptr) return false;
  const zip_int64_t index = zip_file_add(archive, (member.key + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
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

std::vector<uint8_t> make_npy(const std::string& descr, const std::vector<int64_t>& shape, const void* data,
                              size_t bytes) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < shape.size(); ++i)
    header += (i == 0 ? "" : " ") + std::to_string(shape[i]) + (i + 1 < shape.size() || i == 0 ? "," : "");
  header += "), }";
  header.append(63 - (10 + header.size()) % 64, ' ').append("\n");
  const auto size = static_cast<uint16_t>(header.size());
  std::vector<uint8_t> npy(10 + header.size() + bytes);
  std::memcpy(npy.data(), "\x93NUMPY\x01\x00", 8);
  npy[8] = static_cast<uint8_t>(size & 0xFF);
  npy[9] = static_cast<uint8_t>(size >> 8);
  std::memcpy(npy.data() + 10, header.data(), header.size());
  if (bytes != 0) std::memcpy(npy.data() + 10 + header.size(), data, bytes);
  return npy;
}

void write_npz(const std::filesystem::path& path, const std::vector<NpzMember>& members) {
  make_parent(path);
  Archive archive = open_archive(path);
  for (const NpzMember& member : members)
    if (!add(archive.get(), member)) throw_zip_error(path, zip_get_error(archive.get()));
  // libzip writes to a temporary name in the same folder and renames it; when that fails the archive is still
  // ours.
  if (zip_close(archive.get()) != 0) throw_zip_error(path, zip_get_error(archive.get()));
  archive.release();
}

}  // namespace da3::io
