// SPDX-License-Identifier: Apache-2.0
// NVIDIA GPUs without CUDA's SDK: what files say (milliseconds, cannot hang), then what the driver says.
//
// The driver's library is opened and asked in a child process with a time limit, never in this one: cuInit
// takes seconds without persistence mode, can hang for ever in the kernel, and a broken driver crashes. The
// child is the installed helper da3-scan; without it the files must do.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace da3::hardware {

/// One device as the driver shows it to this process, in CUDA's order (CUDA_VISIBLE_DEVICES is honoured).
struct NvidiaDevice {
  int index = 0;                       ///< CUDA's ordinal
  std::string name;                    ///< "NVIDIA H100 80GB HBM3"
  int major = 0, minor = 0;            ///< compute capability
  std::array<uint8_t, 16> uuid{};      ///< of a MIG slice: its own
  uint64_t memory_total = UINT64_MAX;  ///< bytes; UINT64_MAX: not known
  std::string bus;                     ///< "0000:65:00.0"
  int numa_node = -1;                  ///< -1: not known
  bool mig = false, integrated = false;

  std::string capability() const;  ///< "8.9"
  std::string uuid_text() const;   ///< "GPU-xxxxxxxx-xxxx-...", "MIG-..." as nvidia-smi writes it
};

/// A GPU on the PCI bus, whether or not a driver serves it.
struct NvidiaPciDevice {
  std::string bus;     ///< "0000:65:00.0"
  std::string driver;  ///< kernel module bound to it: "nvidia", "nouveau", "vfio-pci"; may be empty
  int numa_node = -1;
};

enum class NvidiaPlatform { none, linux_driver, wsl, jetson };

/// What files say; see read_nvidia_files().
struct NvidiaFiles {
  NvidiaPlatform platform = NvidiaPlatform::none;  ///< none: nothing speaks for an NVIDIA GPU
  std::string driver;  ///< "580.65.06"; empty: not loaded or not told (WSL, Jetson)
  std::string module;  ///< Jetson: "tegra234"
  std::vector<NvidiaPciDevice> pci;
  std::vector<std::string> nodes;  ///< of /dev: "nvidia0", "nvidiactl", "nvidia-uvm", "dxg"
};

/// What is known in the end.
struct NvidiaFacts {
  NvidiaFiles files;
  bool asked = false;  ///< the driver was asked (now or, from_cache, before in this boot)
  bool from_cache = false;
  int cuda_version = 0;  ///< newest CUDA that the driver speaks, 13000 is 13.0; 0: not known
  int status = 0;        ///< cuInit's CUresult, 0 is success; meaningful only if asked
  std::vector<NvidiaDevice> devices;
  std::string reason;  ///< why no device can be used, one sentence without a full stop; empty: one can, or
                       ///< nobody asked

  /// First number of the driver's version, 580; 0: not known.
  int driver_branch() const;
};

struct NvidiaQuery {
  std::filesystem::path root = "/";                ///< proc/, sys/, dev/, usr/ are looked for below it
  std::filesystem::path library = "libcuda.so.1";  ///< what the child opens
  std::filesystem::path helper;                    ///< da3-scan; empty: only files are looked at
  std::filesystem::path cache_folder;              ///< of the user; empty: nothing is remembered
  std::chrono::milliseconds time_limit{10000};     ///< for the child
};

/// The first rung: proc/driver/nvidia, sys/bus/pci, WSL's and Jetson's files. Milliseconds.
NvidiaFiles read_nvidia_files(const std::filesystem::path& root = "/");

/// The whole ladder. Asks the driver only where the files speak for a GPU. A good answer is remembered in
/// cache_folder until the next boot, another driver, other visible devices; failures are not, so that what
/// was mended is seen at once. Never throws, never takes much longer than time_limit. [any]
NvidiaFacts read_nvidia(const NvidiaQuery& query);

/// What a CUresult means and what to do, "the driver shows no GPU to this process (CUDA error 100); ...".
/// [any]
std::string cuda_error_sentence(int code);

/// Whether code built for these compute capabilities ("8.6") runs on that device: same major, minor not
/// newer.
bool runs_on(const std::vector<std::string>& built_for, const NvidiaDevice& device);

/// The child's side: opens library, asks it, writes lines to the descriptor as it goes. Returns the exit
/// status. Calls nothing of the driver twice and nothing after the answer.
int ask_cuda_driver(const char* library, int descriptor);

/// <prefix>/libexec/da3/da3-scan of an installation (or build tree) whose library folder, <prefix>/lib or
/// <prefix>/lib/<arch>, is given; empty where there is none. The plugin folder lib/da3/plugins-1 may be
/// given, too.
std::filesystem::path find_scan_helper(const std::filesystem::path& library_folder);

}  // namespace da3::hardware
