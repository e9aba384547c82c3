# SPDX-License-Identifier: Apache-2.0
# cmake -DNM=... -DLIBRARY=... [-DAPPLE=1] -P check_exports.cmake: fails unless da3_plugin_entry is all that is exported.
if(APPLE)
  set(words -gU -P)
else()
  set(words -D --defined-only -P)
endif()
execute_process(COMMAND "${NM}" ${words} "${LIBRARY}" OUTPUT_VARIABLE table ERROR_VARIABLE problem RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "checking the exports of ${LIBRARY} failed: ${NM}: ${problem}")
endif()

string(REPLACE ";" "," table "${table}")
string(REPLACE "\n" ";" table "${table}")
set(extra "")
set(has_entry FALSE)
foreach(line IN LISTS table)
  if(NOT line MATCHES "^([^ ]+) [A-Za-z]")
    continue()
  endif()
  set(symbol "${CMAKE_MATCH_1}")
  if(APPLE)
    string(REGEX REPLACE "^_" "" symbol "${symbol}")
  endif()
  if(symbol STREQUAL "da3_plugin_entry")
    set(has_entry TRUE)
  # The linker's own marks, and those of sanitizers and of coverage.
  elseif(NOT symbol MATCHES "^(_init|_fini|_edata|_end|_+bss_(start|end)_*|__end__)$" AND
         NOT symbol MATCHES "^__(asan|hwasan|ubsan|tsan|msan|lsan|sanitizer|sancov|odr_asan|gcov|llvm|profc|profd)")
    list(APPEND extra "${symbol}")
  endif()
endforeach()

if(NOT has_entry)
  message(FATAL_ERROR "${LIBRARY} does not export da3_plugin_entry: define it with DA3_EXPORT (C++: inside extern \"C\", or by DA3_PLUGIN)")
endif()
if(extra)
  list(LENGTH extra count)
  list(JOIN extra "\n  " lines)
  message(FATAL_ERROR "${LIBRARY} exports ${count} symbols beside da3_plugin_entry, which could clash with those of another plugin:\n"
    "  ${lines}\n"
    "Take DA3_EXPORT or __attribute__((visibility(\"default\"))) from them, make them static, and compile what is linked in "
    "with -fvisibility=hidden. What other parts of da3 should find goes through the table's extension().")
endif()
