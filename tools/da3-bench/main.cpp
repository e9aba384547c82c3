// SPDX-License-Identifier: Apache-2.0
#include "bench_main.hpp"

int main(int argc, char** argv) { return da3::bench::bench_main({argv + (argc > 0), argv + argc}); }
