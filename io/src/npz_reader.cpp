// SPDX-License-Identifier: Apache-2.0
#include "npz_reader.hpp"

#include "byte_reader.hpp"
#include "files.hpp"
#include "npy_header.hpp"

#include <da3/error.hpp>

#include <zip.h>

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace da3::io {
namespace {

[[noreturn]] void throw_zip_error(const std::string& what, zip_error_t* error) {
  if (zip_error_code_zip(error) == ZIP_ER_MEMORY) throw std::bad_alloc();
  if (zip_error_system_type(error) == ZIP_ET_SYS && zip_error_code_system(error) != 0)
    throw_file_error(what, zip_error_code_system(error));
  throw Error(DA3_E_INVALID,
              what + " failed: the file is damaged: " + zip_error_strerror(error) + "; copy it again");
}

struct CloseMember {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

/// The product of the sides; throws where it is above the limit, whichever side makes it so.
uint64_t count_values(const std::vector<int64_t>& shape, uint64_t limit, const std::string& what) {
  uint64_t count = 1;
  for (const int64_t side : shape) {
    if (side != 0 && count > limit / static_cast<uint64_t>(side))
      throw Error(DA3_E_SHAPE, what + " failed: it has too many values; check that it is what it is named");
    count *= static_cast<uint64_t>(side);
  }
  return count;
}

/// Where value i of C order lies in an array whose first axis runs fastest.
size_t fortran_index(size_t i, const std::vector<int64_t>& shape) {
  size_t index = 0, stride = 1;
  for (const int64_t side : shape) stride *= static_cast<size_t>(side);
  for (size_t axis = shape.size(); axis-- > 0;) {
    const auto side = static_cast<size_t>(shape[axis]);
    stride /= side;
    index += i % side * stride;
    i /= side;
  }
  return index;
}

}  // namespace

void NpzReader::Close::operator()(zip* archive) const { zip_discard(archive); }

NpzReader::NpzReader(const std::filesystem::path& file, std::string what) : what_(std::move(what)) {
  int code = 0;
  archive_.reset(zip_open(file.c_str(), ZIP_RDONLY, &code));
  if (archive_) return;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  throw_zip_error(what_, &error);
}

std::vector<std::string> NpzReader::keys() const {
  std::vector<std::string> keys;
  const zip_int64_t entries = zip_get_num_entries(archive_.get(), 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    const char* name = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), 0);
    std::string key = name != nullptr ? name : "";
    if (key.ends_with(".npy")) key.resize(key.size() - 4);
    keys.push_back(std::move(key));
  }
  return keys;
}

bool NpzReader::has(const std::string& key) const {
  return zip_name_locate(archive_.get(), (key + ".npy").c_str(), 0) >= 0;
}

/// At most limit bytes. What a member says of its size is not believed: no more than that is ever unpacked.
std::vector<uint8_t> NpzReader::member(const std::string& key, uint64_t limit) const {
  const std::string what = what_ + ", \"" + key + "\",";
  zip_stat_t status;
  const std::string name = key + ".npy";
  if (zip_stat(archive_.get(), name.c_str(), 0, &status) != 0 || (status.valid & ZIP_STAT_SIZE) == 0)
    throw_zip_error(what, zip_get_error(archive_.get()));
  const std::unique_ptr<zip_file_t, CloseMember> file(zip_fopen_index(archive_.get(), status.index, 0));
  if (!file) throw_zip_error(what, zip_get_error(archive_.get()));
  std::vector<uint8_t> bytes(static_cast<size_t>(std::min<uint64_t>(status.size, limit)));
  size_t filled = 0;
  while (filled < bytes.size()) {
    const zip_int64_t got = zip_fread(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0) throw_zip_error(what, zip_file_get_error(file.get()));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  bytes.resize(filled);
  // Reading on at the end makes libzip compare the checksum.
  uint8_t beyond = 0;
  if (status.size <= limit && zip_fread(file.get(), &beyond, 1) < 0)
    throw_zip_error(what, zip_file_get_error(file.get()));
  return bytes;
}

std::vector<int64_t> NpzReader::shape(const std::string& key) const try {
  return parse_npy_header(member(key, max_npy_header)).shape;
} catch (const BadNpy& bad) {
  throw Error(DA3_E_INVALID, what_ + ", \"" + key + "\", failed: " + bad.what() + "; write the file again");
}

NpzArray NpzReader::floats(const std::string& key, uint64_t max_values) const try {
  const std::string what = what_ + ", \"" + key + "\",";
  const std::vector<uint8_t> bytes = member(key, max_npy_header + max_values * sizeof(double));
  const NpyHeader header = parse_npy_header(bytes);
  const std::string& type = header.descr;
  if (type != "<f4" && type != "<f8" && type != ">f4" && type != ">f8")
    throw Error(DA3_E_UNSUPPORTED, what + " failed: its numbers are \"" + type +
                                       "\", not float32 or float64; convert it with .astype(\"float64\")");
  const size_t count = static_cast<size_t>(count_values(header.shape, max_values, what));
  const unsigned width = type[2] == '4' ? 4 : 8;
  const ByteReader in(bytes, type[0] == '>');
  in.need(header.data, uint64_t{count} * width);
  NpzArray array{header.shape, std::vector<double>(count)};
  for (size_t i = 0; i < count; ++i) {
    const uint64_t at = header.data + (header.fortran_order ? fortran_index(i, header.shape) : i) * width;
    array.values[i] =
        width == 4 ? double{std::bit_cast<float>(in.u32(at))} : std::bit_cast<double>(in.u64(at));
  }
  return array;
} catch (const EndOfData&) {
  throw Error(DA3_E_INVALID,
              what_ + ", \"" + key + "\", failed: it is cut off before its end; write the file again");
} catch (const BadNpy& bad) {
  throw Error(DA3_E_INVALID, what_ + ", \"" + key + "\", failed: " + bad.what() + "; write the file again");
}

}  // namespace da3::io
