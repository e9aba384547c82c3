// SPDX-License-Identifier: Apache-2.0
#include "commands/commands.hpp"

int main(int argc, char** argv) { return da3::host::host_main({argv + (argc > 0), argv + argc}); }
