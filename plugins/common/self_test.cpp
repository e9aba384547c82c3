// SPDX-License-Identifier: Apache-2.0
#include "common/self_test.hpp"

#include <da3/guard.hpp>

#include "common/optimizer.hpp"

namespace da3::thin {
namespace {

int32_t run(da3_optimizer* optimizer, const char* test, const char* model_path, const da3_watch* watch,
            da3_test_sink sink, void* ctx, da3_error* error) {
  return guard(error, [&] {
    if (!optimizer) throw Error(DA3_E_INVALID, "self_test.run: the optimizer is NULL; pass one");
    if (!test) throw Error(DA3_E_INVALID, "self_test.run: the test is NULL; pass its name");
    if (!sink) throw Error(DA3_E_INVALID, "self_test.run: the sink is NULL; pass one");
    optimizer->self_test(test, model_path, watch, sink, ctx);
  });
}

}  // namespace

const da3_self_test& self_test_table() {
  static const da3_self_test table{sizeof(da3_self_test), 0,
                                   "canary,operators,kernels,taps,graphs,soak,timings", run};
  return table;
}

}  // namespace da3::thin
