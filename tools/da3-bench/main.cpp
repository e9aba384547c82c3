// SPDX-License-Identifier: Apache-2.0
#include "bench_main.hpp"
#include "leave.hpp"

int main(int argc, char** argv) {
  return da3::host::leave(da3::bench::bench_main({argv + (argc > 0), argv + argc}));
}
