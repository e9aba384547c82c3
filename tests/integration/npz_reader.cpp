// SPDX-License-Identifier: Apache-2.0
#include "npz_reader.hpp"

#include <zip.h>

#include <cstring>
#include <memory>
#include <regex>
#include <stdexcept>

namespace da3::test {

NpzArray read_npz(const std::filesystem::path& file, const std::string& key) {
  const auto fail = [&](const char* why) {
    return std::runtime_error(file.string() + ": " + key + ": " + why);
  };
  const std::unique_ptr<zip_t, void (*)(zip_t*)> archive(zip_open(file.c_str(), ZIP_RDONLY, nullptr),
                                                         zip_discard);
  if (!archive) throw fail("not a zip file");
  zip_stat_t member;
  if (zip_stat(archive.get(), (key + ".npy").c_str(), 0, &member) != 0) throw fail("missing");
  std::string bytes(member.size, '\0');
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> stream(
      zip_fopen_index(archive.get(), member.index, 0), zip_fclose);
  if (!stream ||
      zip_fread(stream.get(), bytes.data(), bytes.size()) != static_cast<zip_int64_t>(bytes.size()))
    throw fail("cannot be read");
  if (bytes.size() < 10 || bytes.compare(0, 6, "\x93NUMPY") != 0) throw fail("no npy");
  const size_t header = static_cast<unsigned char>(bytes[8]) + 256 * static_cast<unsigned char>(bytes[9]);
  const std::string text = bytes.substr(10, header);
  std::smatch match;
  if (!std::regex_search(text, match,
                         std::regex(R"('descr': '<f4', 'fortran_order': False, 'shape': \(([0-9, ]+)\))")))
    throw fail("not float32");
  NpzArray array;
  size_t count = 1;
  const std::string sides = match[1];
  const std::regex number("[0-9]+");
  for (std::sregex_iterator it(sides.begin(), sides.end(), number), end; it != end; ++it) {
    array.shape.push_back(std::stoll(it->str()));
    count *= static_cast<size_t>(array.shape.back());
  }
  if (bytes.size() != 10 + header + count * sizeof(float)) throw fail("of another length than its shape");
  array.values.resize(count);
  std::memcpy(array.values.data(), bytes.data() + 10 + header, count * sizeof(float));
  return array;
}

}  // namespace da3::test
