// SPDX-License-Identifier: Apache-2.0
#include "byte_reader.hpp"
#include "camera_readers.hpp"
#include "colmap.hpp"
#include "files.hpp"

#include <da3/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <fstream>

namespace da3::io {
namespace {

namespace fs = std::filesystem;

constexpr size_t max_name = 4096;

/// Little-endian numbers one after the other. Nothing but a name is held in memory: a model's points may be
/// many.
class Stream {
 public:
  Stream(const fs::path& file, const std::string& what) : name_(file.filename().string()) {
    errno = 0;
    in_.open(file, std::ios::binary);
    std::error_code failed;
    left_ = fs::file_size(file, failed);
    if (!in_ || failed) throw_file_error(what, errno != 0 ? errno : EACCES);
  }

  template <typename T>
  T number() {
    std::array<uint8_t, sizeof(T)> bytes;
    need(sizeof(T));
    in_.read(reinterpret_cast<char*>(bytes.data()), sizeof(T));
    if (!in_) cut();
    const uint64_t value = ByteReader(bytes, false).number(0, sizeof(T));
    if constexpr (std::is_same_v<T, double>)
      return std::bit_cast<double>(value);
    else
      return static_cast<T>(value);
  }
  std::string text() {
    std::string result;
    for (char c = number<char>(); c != '\0'; c = number<char>()) {
      result += c;
      if (result.size() > max_name)
        throw BadColmap(DA3_E_INVALID, name_ + " is damaged: a name does not end; copy the model again");
    }
    return result;
  }
  void skip(uint64_t count, uint64_t each) {
    if (count > left_ / each) cut();
    left_ -= count * each;
    in_.seekg(static_cast<std::streamoff>(count * each), std::ios::cur);
  }

 private:
  [[noreturn]] void cut() const {
    throw BadColmap(DA3_E_INVALID, name_ + " is cut off before its end; copy the model again");
  }
  void need(uint64_t count) {
    if (count > left_) cut();
    left_ -= count;
  }

  std::string name_;
  std::ifstream in_;
  uint64_t left_ = 0;
};

std::map<int64_t, ColmapCamera> read_cameras_bin(const fs::path& file, const std::string& what) {
  Stream in(file, what);
  std::map<int64_t, ColmapCamera> cameras;
  const auto count = in.number<uint64_t>();
  check_camera_count(count, what);
  for (uint64_t i = 0; i < count; ++i) {
    const int64_t id = in.number<uint32_t>();
    const auto number = in.number<int32_t>();
    const auto models = colmap_models();
    const auto model = std::find_if(models.begin(), models.end(),
                                    [&](const ColmapModel& known) { return known.id == number; });
    if (model == models.end())
      throw BadColmap(DA3_E_UNSUPPORTED, "cameras.bin has a camera of the unknown model " +
                                             std::to_string(number) +
                                             "; undistort the images with COLMAP's image_undistorter");
    ColmapCamera camera{std::string(model->name), in.number<uint64_t>(), in.number<uint64_t>(), {}};
    for (size_t p = 0; p < model->parameters; ++p) camera.parameters.push_back(in.number<double>());
    if (!cameras.emplace(id, std::move(camera)).second)
      throw BadColmap(DA3_E_INVALID,
                      "cameras.bin has camera " + std::to_string(id) + " twice; export it again");
  }
  return cameras;
}

std::vector<ColmapImage> read_images_bin(const fs::path& file, const std::string& what) {
  Stream in(file, what);
  std::vector<ColmapImage> images;
  const auto count = in.number<uint64_t>();
  check_camera_count(count, what);
  for (uint64_t i = 0; i < count; ++i) {
    ColmapImage image;
    in.skip(1, sizeof(uint32_t));  // the image's id
    for (double& q : image.quaternion) q = in.number<double>();
    for (double& t : image.translation) t = in.number<double>();
    image.camera = in.number<uint32_t>();
    image.name = in.text();
    in.skip(in.number<uint64_t>(), 24);  // points: x, y, id
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace

ColmapFiles read_colmap_binary(const fs::path& folder, const std::string& what) {
  return {read_cameras_bin(folder / "cameras.bin", what), read_images_bin(folder / "images.bin", what)};
}

}  // namespace da3::io
