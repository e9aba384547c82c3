// SPDX-License-Identifier: Apache-2.0
#include "cuda/cuda_device.hpp"

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include <da3/error.hpp>

namespace da3::cuda {

namespace {

constexpr int32_t kArchitectures[] = {DA3_CUDA_ARCHITECTURES};

Error unavailable(const std::string& what, const std::string& why, const std::string& advice, int native) {
  return Error(DA3_E_UNAVAILABLE, what + " cannot be used: " + why + "; " + advice, 0, -1, native);
}

int device_count() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return count;
  const cudaError_t told = status == cudaSuccess ? cudaErrorNoDevice : status;
  (void)cudaGetLastError();  // it would be reported again by whoever asks next
  const std::string advice =
      told == cudaErrorInsufficientDriver
          ? "install NVIDIA's driver 580 or later, or use backend: cpu"
          : "look at `da3-host devices` for what this machine has, or use backend: cpu";
  throw unavailable(
      "the cuda backend",
      "CUDA reports '" + std::string(cudaGetErrorString(told)) + "' (error " + std::to_string(told) + ")",
      advice, told);
}

cudaDeviceProp properties(int index) {
  cudaDeviceProp found{};
  const cudaError_t status = cudaGetDeviceProperties(&found, index);
  if (status == cudaSuccess) return found;
  (void)cudaGetLastError();
  throw unavailable(
      "cuda device " + std::to_string(index),
      "CUDA reports '" + std::string(cudaGetErrorString(status)) + "' (error " + std::to_string(status) + ")",
      "look at `da3-host devices` for its state", status);
}

/// A function of the driver, as of CUDA 11.4; NULL where it has none. The engine is not linked with the
/// driver: it must load, and refuse with a sentence, where there is none.
template <class Function>
Function* driver_function(const char* name) {
  constexpr unsigned int since = 11040;
  void* found = nullptr;
  cudaDriverEntryPointQueryResult result{};
  if (cudaGetDriverEntryPointByVersion(name, &found, since, cudaEnableDefault, &result) != cudaSuccess) {
    (void)cudaGetLastError();
    return nullptr;
  }
  return result == cudaDriverEntryPointSuccess ? reinterpret_cast<Function*>(found) : nullptr;
}

/// The driver's word on a UUID: of a MIG instance it is the instance's own, which the runtime's properties do
/// not promise.
std::array<uint8_t, 16> uuid_of(int index) {
  std::array<uint8_t, 16> bytes{};
  static const auto device_get = driver_function<CUresult(CUdevice*, int)>("cuDeviceGet");
  static const auto uuid_get = driver_function<CUresult(CUuuid*, CUdevice)>("cuDeviceGetUuid");
  CUdevice device = 0;
  CUuuid uuid{};
  if (device_get && uuid_get && device_get(&device, index) == CUDA_SUCCESS &&
      uuid_get(&uuid, device) == CUDA_SUCCESS)
    std::memcpy(bytes.data(), uuid.bytes, bytes.size());
  else
    std::memcpy(bytes.data(), properties(index).uuid.bytes, bytes.size());
  return bytes;
}

bool is_zero(const uint8_t (&uuid)[16]) {
  return std::all_of(std::begin(uuid), std::end(uuid), [](uint8_t byte) { return byte == 0; });
}

/// The index of the device with this UUID, or of the policy where it has none.
int index_of(const engine::Policy& policy, int count) {
  if (is_zero(policy.device_uuid)) {
    if (policy.dl_id >= 0 && policy.dl_id < count) return policy.dl_id;
    throw Error(DA3_E_NOT_FOUND, "cuda device " + std::to_string(policy.dl_id) +
                                     " was not found: there are " + std::to_string(count) +
                                     ", counted from 0; choose one of them");
  }
  for (int i = 0; i < count; ++i)
    if (std::memcmp(uuid_of(i).data(), policy.device_uuid, sizeof policy.device_uuid) == 0) return i;
  throw Error(DA3_E_NOT_FOUND,
              "the cuda device that was chosen was not found: none of the " + std::to_string(count) +
                  " devices here has its UUID; look whether CUDA_VISIBLE_DEVICES has changed");
}

}  // namespace

bool has_code_for(int32_t capability) {
  return std::any_of(std::begin(kArchitectures), std::end(kArchitectures), [&](int32_t architecture) {
    return architecture / 10 == capability / 10 && architecture <= capability;
  });
}

void refuse_after_fork() {
  static std::atomic<pid_t> user{0};
  pid_t none = 0;
  if (user.compare_exchange_strong(none, getpid()) || none == getpid()) return;
  throw Error(
      DA3_E_UNAVAILABLE,
      "the cuda backend cannot be used: this process was forked from one that had used CUDA, and CUDA "
      "does not survive that; start a new program instead (isolation: process does it)");
}

c10::Device find_device(const engine::Policy& policy) {
  refuse_after_fork();
  const int index = index_of(policy, device_count());
  const cudaDeviceProp found = properties(index);
  const int32_t capability = 10 * found.major + found.minor;
  if (!has_code_for(capability))
    throw unavailable("cuda device " + std::to_string(index) + " (" + found.name + ")",
                      "this build has no code for compute capability " + std::to_string(found.major) + "." +
                          std::to_string(found.minor),
                      "use another device or backend: cpu", cudaErrorNoKernelImageForDevice);
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

}  // namespace da3::cuda
