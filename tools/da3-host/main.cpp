// SPDX-License-Identifier: Apache-2.0
#include "commands/commands.hpp"
#include "leave.hpp"

int main(int argc, char** argv) {
  return da3::host::leave(da3::host::host_main({argv + (argc > 0), argv + argc}));
}
