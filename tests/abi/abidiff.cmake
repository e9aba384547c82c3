# SPDX-License-Identifier: Apache-2.0
# cmake -DABIDIFF=... -DOLD=<dump> -DNEW=<library> -DSUPPRESSIONS=<file> [-DOPTIONS=...] -P abidiff.cmake: fails where the ABI of
# NEW is not that of OLD. Bits of abidiff's status: 1 error, 2 usage, 4 changed, 8 surely incompatible. A struct that grew only
# sets 4, so that fails too, unless the suppressions say that it was meant.
if(NOT ABIDIFF)
  message("SKIP: there is no abidiff (package abigail-tools)")
  return()
endif()
execute_process(COMMAND "${ABIDIFF}" --suppressions "${SUPPRESSIONS}" ${OPTIONS} "${OLD}" "${NEW}"
  OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "abidiff ended with ${status}:\n${output}\n"
    "What is new at the end of a struct belongs to a new minor version: raise it, keep its binaries (tests/abi/reference/make.sh), "
    "and name the change in ${SUPPRESSIONS}. Anything else breaks what exists: take it back.")
endif()
message("the ABI is that of ${OLD}")
