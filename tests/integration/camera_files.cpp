// SPDX-License-Identifier: Apache-2.0
#include "camera_files.hpp"

#include <zip.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace da3::test {
namespace fs = std::filesystem;
namespace {

nlohmann::json matrix(const float* values, size_t rows, size_t columns) {
  nlohmann::json json = nlohmann::json::array();
  for (size_t row = 0; row < rows; ++row)
    json.push_back(std::vector<float>(values + row * columns, values + (row + 1) * columns));
  return json;
}

std::string npy(const std::string& shape, const std::vector<float>& values) {
  std::string head = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }";
  head.append(63 - (10 + head.size()) % 64, ' ').append("\n");
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(head.size() & 255);
  bytes += static_cast<char>(head.size() >> 8);
  bytes += head;
  return bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

void write_zip(const fs::path& file, const std::vector<std::pair<std::string, std::string>>& members) {
  zip_t* archive = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  if (!archive) throw std::runtime_error("cannot write " + file.string());
  for (const auto& [name, bytes] : members)
    zip_file_add(archive, name.c_str(), zip_source_buffer(archive, bytes.data(), bytes.size(), 0), 0);
  if (zip_close(archive) != 0) throw std::runtime_error("cannot write " + file.string());
}

}  // namespace

nlohmann::json cameras_json(const CameraList& cameras) {
  nlohmann::json list = nlohmann::json::array();
  const size_t count = std::max(cameras.extrinsics.size() / 16, cameras.intrinsics.size() / 9);
  for (size_t i = 0; i < count; ++i) {
    nlohmann::json one;
    if (!cameras.names.empty()) one["image"] = cameras.names[i];
    if (!cameras.extrinsics.empty()) one["extrinsics"] = matrix(cameras.extrinsics.data() + 16 * i, 4, 4);
    if (!cameras.intrinsics.empty()) one["intrinsics"] = matrix(cameras.intrinsics.data() + 9 * i, 3, 3);
    list.push_back(std::move(one));
  }
  return list;
}

void write_npz(const fs::path& file, const CameraList& cameras) {
  std::vector<std::pair<std::string, std::string>> members;
  const auto add = [&](const char* name, const std::vector<float>& values, size_t rows) {
    const std::string sides = std::to_string(rows) + ", " + std::to_string(rows);
    if (!values.empty())
      members.emplace_back(name, npy(std::to_string(values.size() / rows / rows) + ", " + sides, values));
  };
  add("extrinsics.npy", cameras.extrinsics, 4);
  add("intrinsics.npy", cameras.intrinsics, 3);
  write_zip(file, members);
}

void write_colmap(const fs::path& folder, const CameraList& cameras, int height, int width) {
  fs::create_directories(folder);
  std::ofstream lenses(folder / "cameras.txt"), images(folder / "images.txt");
  lenses << std::setprecision(12) << "# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n";
  images << std::setprecision(12) << "# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME\n";
  for (size_t i = 0; i < cameras.names.size(); ++i) {
    const float* e = cameras.extrinsics.data() + 16 * i;
    const float* k = cameras.intrinsics.data() + 9 * i;
    lenses << i + 1 << " PINHOLE " << width << ' ' << height << ' ' << k[0] << ' ' << k[4] << ' ' << k[2]
           << ' ' << k[5] << '\n';
    // Of a rotation by less than half a turn: w is not small.
    const double w = std::sqrt(1.0 + e[0] + e[5] + e[10]) / 2;
    if (!(w > 0.1)) throw std::runtime_error("write_colmap: a rotation of about half a turn");
    images << i + 1 << ' ' << w << ' ' << (e[9] - e[6]) / (4 * w) << ' ' << (e[2] - e[8]) / (4 * w) << ' '
           << (e[4] - e[1]) / (4 * w) << ' ' << e[3] << ' ' << e[7] << ' ' << e[11] << ' ' << i + 1 << ' '
           << cameras.names[i] << "\n\n";
  }
}

NpzArray read_npy(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  fs::path archive = file;
  archive += ".npz";
  write_zip(archive, {{"array.npy", bytes}});
  NpzArray array = read_npz(archive, "array");
  fs::remove(archive);
  return array;
}

}  // namespace da3::test
