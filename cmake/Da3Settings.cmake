# Settings that every target shares: language level, warnings, output folders, sanitizers.
include(GNUInstallDirs)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 99)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(DA3_CCACHE ccache)
if(DA3_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${DA3_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${DA3_CCACHE}")
endif()

# The build tree looks like the install tree: programs find plugins, profiles and io by paths relative to themselves.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(DA3_PLUGIN_SUBDIR "da3/plugins-1")  # below lib/
set(DA3_PLUGIN_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib/${DA3_PLUGIN_SUBDIR}")

add_library(da3_warnings INTERFACE)
target_compile_options(da3_warnings INTERFACE
  -Wall -Wextra -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)  # false alarms of GCC 12 on std::string

if(DA3_SANITIZE)
  add_compile_options(-fsanitize=${DA3_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DA3_SANITIZE})
  add_compile_definitions(DA3_SANITIZED=1)
endif()
