// SPDX-License-Identifier: Apache-2.0
// Objective-C through its runtime's C functions, so that nothing of Apple's is linked and this compiles
// everywhere.
#include "hardware/metal.hpp"

#include <dlfcn.h>
#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace da3::hardware {

#if defined(__APPLE__)
namespace {

using Id = void*;
using Selector = void*;

class ObjectiveC {
 public:
  ObjectiveC() {
    void* library = ::dlopen("/usr/lib/libobjc.A.dylib", RTLD_LAZY | RTLD_LOCAL);
    if (!library) return;
    send_ = ::dlsym(library, "objc_msgSend");
    name_ = reinterpret_cast<Selector (*)(const char*)>(::dlsym(library, "sel_registerName"));
    push = reinterpret_cast<void* (*)()>(::dlsym(library, "objc_autoreleasePoolPush"));
    pop = reinterpret_cast<void (*)(void*)>(::dlsym(library, "objc_autoreleasePoolPop"));
  }
  bool good() const { return send_ && name_ && push && pop; }
  /// On arm64 objc_msgSend must be called with the method's own signature.
  template <class Result, class... Arguments>
  Result send(Id object, const char* selector, Arguments... arguments) const {
    return reinterpret_cast<Result (*)(Id, Selector, Arguments...)>(send_)(object, name_(selector),
                                                                           arguments...);
  }
  void* (*push)() = nullptr;
  void (*pop)(void*) = nullptr;

 private:
  void* send_ = nullptr;
  Selector (*name_)(const char*) = nullptr;
};

MetalDevice read_device(const ObjectiveC& objc, Id device) {
  MetalDevice one;
  if (const Id name = objc.send<Id>(device, "name"))
    if (const char* text = objc.send<const char*>(name, "UTF8String")) one.name = text;
  one.working_set = objc.send<uint64_t>(device, "recommendedMaxWorkingSetSize");
  one.unified = objc.send<signed char>(device, "hasUnifiedMemory") != 0;
  one.low_power = objc.send<signed char>(device, "isLowPower") != 0;
  one.paravirtual = one.name.find("Paravirtual") != std::string::npos;
  constexpr long apple_family = 1000;  // MTLGPUFamilyApple1 is 1001
  for (int family = 1; family <= 20; ++family)
    if (objc.send<signed char>(device, "supportsFamily:", long{apple_family + family})) one.family = family;
  return one;
}

std::string macos_version() {
  char text[64] = "";
  size_t size = sizeof text - 1;
  return ::sysctlbyname("kern.osproductversion", text, &size, nullptr, 0) == 0 ? text : "";
}

}  // namespace

MetalFacts read_metal() {
  MetalFacts facts;
  facts.macos = macos_version();
  const ObjectiveC objc;
  // A command line program sees no device before CoreGraphics is there.
  ::dlopen("/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics", RTLD_LAZY | RTLD_LOCAL);
  void* metal = ::dlopen("/System/Library/Frameworks/Metal.framework/Metal", RTLD_LAZY | RTLD_LOCAL);
  const auto copy_all = metal ? reinterpret_cast<Id (*)()>(::dlsym(metal, "MTLCopyAllDevices")) : nullptr;
  if (!objc.good() || !copy_all) {
    facts.reason = "Metal cannot be opened on this Mac; use macOS 14.4 or later";
    return facts;
  }
  void* pool = objc.push();
  if (const Id list = copy_all()) {
    const auto count = objc.send<unsigned long>(list, "count");
    for (unsigned long i = 0; i < count; ++i)
      facts.devices.push_back(read_device(objc, objc.send<Id>(list, "objectAtIndex:", i)));
    objc.send<void>(list, "release");
  }
  objc.pop(pool);
  if (facts.devices.empty())
    facts.reason = "Metal shows no GPU to this process; run it in a logged-in session";
  return facts;
}
#else
MetalFacts read_metal() { return {{}, {}, "no Metal on this system"}; }
#endif

}  // namespace da3::hardware
