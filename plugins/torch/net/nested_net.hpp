// SPDX-License-Identifier: Apache-2.0
// da3nested-giant-large: the any-view network gives depth, poses and confidence, the metric network the
// scale, so that both come out in metres.
#pragma once

#include "net/any_view_net.hpp"
#include "net/mono_net.hpp"
#include "net/network.hpp"

namespace da3::net {

class NestedNet : public Network {
 public:
  NestedNet(const WeightSource& source, const checkpoint::NetConfig& any_view,
            const checkpoint::NetConfig& metric);

  bool only_launches(const NetRequest& request) const override { return any_view_.only_launches(request); }
  Computed compute(const NetInputs& inputs, const NetRequest& request, const Kernels& kernels,
                   const RunControl& control) const override;
  /// Throws Error(DA3_E_NUMERIC) for a scene with at most ten pixels that are not sky: it has no scale.
  NetOutputs finish(Computed computed, const NetInputs& inputs, const NetRequest& request,
                    const RunControl& control) const override;
  uint64_t forget_geometries() const override;
  PartsThere parts() const override { return any_view_.parts(); }

 private:
  AnyViewNet any_view_;
  MonoNet metric_;
};

}  // namespace da3::net
