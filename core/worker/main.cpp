// SPDX-License-Identifier: Apache-2.0
#include <da3/worker_main.hpp>

int main(int argc, char** argv) { return da3::worker_main(argc, argv); }
