// SPDX-License-Identifier: Apache-2.0
// What the driver's error numbers mean on a real machine, and what mends them.
#include <string>

#include "hardware/nvidia.hpp"

namespace da3::hardware {
namespace {

struct Meaning {
  int code;
  const char *what, *remedy;
};

constexpr Meaning meanings[] = {
    {2, "the GPU has no memory left for another process", "end other programs that use it"},
    {3, "the driver was not initialised", "report it with the output of nvidia-smi"},
    {34, "libcuda is a stub library without a driver behind it",
     "remove CUDA's stubs folder from LD_LIBRARY_PATH"},
    {35, "the driver is older than its CUDA library", "update the NVIDIA driver"},
    {46, "the GPU is busy: it is in exclusive mode and another process has it",
     "end that process, or set the compute mode to default with nvidia-smi -c 0"},
    {100, "the driver shows no GPU to this process",
     "check CUDA_VISIBLE_DEVICES and, in a container, that the GPUs are passed in"},
    {101, "CUDA_VISIBLE_DEVICES or the device index names a GPU that is not there", "correct it"},
    {209, "the GPU is of a kind that this build has no kernels for",
     "use another device or a build for its compute capability"},
    {304, "the operating system refused a call of the driver",
     "check the permissions of /dev/nvidia* and the limits of the container"},
    {800, "this process is not permitted to use the GPU", "check the permissions of /dev/nvidia*"},
    {801, "the driver does not support this GPU", "update the NVIDIA driver"},
    {802, "the GPU is not ready: the fabric manager of its NVSwitch system has not started",
     "start nvidia-fabricmanager in the driver's version"},
    {803, "the NVIDIA kernel module and libcuda are of different versions",
     "reboot after a driver update, or give the container the host's driver libraries"},
    {804, "a forward-compatibility libcuda (cuda-compat) was found, which this GPU does not support",
     "remove the cuda-compat package from the library path, or update the driver"},
    {805, "the CUDA MPS server cannot be reached",
     "restart nvidia-cuda-mps-control, or unset CUDA_MPS_PIPE_DIRECTORY"},
    {999, "the driver failed inside: the nvidia-uvm module is missing or broken, often after a suspend",
     "reload it (modprobe -r nvidia_uvm, modprobe nvidia_uvm) or reboot"},
};

}  // namespace

std::string cuda_error_sentence(int code) {
  const std::string number = " (CUDA error " + std::to_string(code) + "); ";
  for (const Meaning& meaning : meanings)
    if (meaning.code == code) return meaning.what + number + meaning.remedy;
  return "the driver refused to start" + number + "look at the output of nvidia-smi and dmesg";
}

}  // namespace da3::hardware
