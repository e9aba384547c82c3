// SPDX-License-Identifier: Apache-2.0
#include "camera_readers.hpp"
#include "files.hpp"

#include <da3/error.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <new>
#include <string_view>
#include <system_error>

namespace da3::io {
namespace {

namespace fs = std::filesystem;

std::string first_bytes(const fs::path& file, const std::string& what) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) throw_file_error(what, errno != 0 ? errno : EACCES);
  std::string bytes(256, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(in.gcount()));
  return bytes;
}

bool is_json(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && (text[first] == '[' || text[first] == '{');
}

RawCameras read_any(const fs::path& path, const std::string& what) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (status.type() == fs::file_type::not_found) throw_file_error(what, ENOENT);
  if (failed) throw_file_error(what, failed.value());
  if (fs::is_directory(status)) return read_colmap_cameras(path, what);
  if (!fs::is_regular_file(status))
    throw Error(DA3_E_INVALID, what + " failed: it is neither a file nor a folder; save it to a file first");
  const std::string begin = first_bytes(path, what);
  if (begin.empty()) throw Error(DA3_E_INVALID, what + " failed: the file is empty; copy it again");
  if (begin.starts_with("PK")) return read_npz_cameras(path, what);
  if (is_json(begin)) return read_json_cameras(path, what);
  if (looks_like_tum(begin)) return read_tum_cameras(path, what);
  const std::string stem = path.stem().string();
  throw Error(DA3_E_INVALID, what + " failed: it is neither an .npz nor JSON nor a TUM trajectory; " +
                                 (stem == "cameras" || stem == "images"
                                      ? "name the folder of the COLMAP model instead"
                                      : "use one of them, or a folder with a COLMAP model"));
}

}  // namespace

std::string camera_text(size_t index, const std::vector<std::string>& names) {
  std::string text = "camera " + std::to_string(index + 1);
  if (index < names.size()) text += " (\"" + names[index] + "\")";
  return text;
}

void check_camera_count(uint64_t count, const std::string& what) {
  if (count > static_cast<uint64_t>(max_cameras))
    throw Error(DA3_E_SHAPE, what + " failed: it says that there are " + std::to_string(count) +
                                 " cameras, and the limit is " + std::to_string(max_cameras) +
                                 "; split the scene, or copy the file again if it has fewer");
}

std::array<double, 16> with_last_row(const double* rows) {
  std::array<double, 16> matrix{};
  std::copy_n(rows, 12, matrix.begin());
  matrix[15] = 1;
  return matrix;
}

GivenCameras read_cameras(const fs::path& path) {
  const std::string what = "reading the cameras of \"" + path.string() + "\"";
  try {
    return check_cameras(read_any(path, what), what);
  } catch (const std::bad_alloc&) {
    throw Error(DA3_E_NOMEM_HOST, what + " failed: not enough memory; free memory or use a smaller file");
  }
}

}  // namespace da3::io
