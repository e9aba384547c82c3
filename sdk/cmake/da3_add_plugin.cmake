# SPDX-License-Identifier: Apache-2.0
# da3_add_plugin(<name> SOURCES <file>... [VERSION 0.1.0] [ID org.example.da3-<name>] [VENDOR <text>] [LICENSE <SPDX>]
#                [RUNTIME_ID <text>] [DEVICE any|cpu|cuda|metal|...] [NEEDS "<sentence>"...] [REQUIRES <name>=<value>...]
#                [MANIFEST <file>])
#
# Makes the target da3_<name>: libda3_<name>.so (.dylib), and after each build
#   - checks that it exports da3_plugin_entry and nothing else,
#   - loads it and writes libda3_<name>.plugin.yaml beside it: what its table and its options say.
# Both are installed where da3 looks for plugins, ${DA3SDK_PLUGIN_DIR}; set DA3_PLUGIN_INSTALL_DIR for another place.
#
# The sources see DA3_PLUGIN_NAME, _ID, _VERSION, _VENDOR, _LICENSE and _RUNTIME_ID as texts and put them into their table;
# a table that says something else is refused.
# NEEDS are sentences for people; REQUIRES is checked before the plugin is loaded: nvidia_driver=580, cuda=13.0,
# compute_capability=8.0,8.6, cpu_features=avx2,fma, macos=14.4, metal=any.
# MANIFEST: a file written by hand is put there instead, and the plugin is not loaded. For cross compiling without
# CMAKE_CROSSCOMPILING_EMULATOR, and for plugins that do not load on the machine that builds them.

function(_da3_check_name name)
  string(LENGTH "${name}" length)
  if(NOT name MATCHES "^[a-z][a-z0-9_-]*$" OR length GREATER 64)
    message(FATAL_ERROR "da3_add_plugin: \"${name}\" is not a backend's name: small letters, digits, - and _, a letter first; rename it")
  endif()
  if(name MATCHES "^(auto|core|io)$" OR name MATCHES "_engine$")
    message(FATAL_ERROR "da3_add_plugin: the name \"${name}\" is reserved; choose another")
  endif()
endfunction()

# The program that writes manifests, once in a build tree. Built with the user's compiler: the SDK holds no binaries.
function(_da3_manifest_writer)
  if(TARGET da3_write_manifest)
    return()
  endif()
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "CXX" IN_LIST languages)
    message(FATAL_ERROR "da3_add_plugin: the program that writes the manifest is C++17: write project(... LANGUAGES C CXX), or give MANIFEST")
  endif()
  add_executable(da3_write_manifest "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/write_manifest.cpp")
  target_compile_features(da3_write_manifest PRIVATE cxx_std_17)
  target_link_libraries(da3_write_manifest PRIVATE da3::sdk ${CMAKE_DL_LIBS})
  set_target_properties(da3_write_manifest PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/da3-sdk")
endfunction()

# Exactly libda3_<name>.so, whatever prefixes, suffixes and visibility the project has for its libraries.
function(_da3_plugin_properties target)
  set(suffix ".so")
  if(APPLE)
    set(suffix ".dylib")  # a MODULE is a .so there too, and da3 looks for .dylib
  endif()
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME "${target}" PREFIX "lib" SUFFIX "${suffix}" POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  foreach(configuration IN LISTS CMAKE_CONFIGURATION_TYPES CMAKE_BUILD_TYPE)
    string(TOUPPER "${configuration}" configuration)
    set_target_properties(${target} PROPERTIES ${configuration}_POSTFIX "")
  endforeach()
  # C++ names that the standard library's headers make visible are hidden here. C names are not: one too many is an
  # error that the author has to know of.
  if(APPLE)
    target_link_options(${target} PRIVATE "LINKER:-unexported_symbol,__Z*")
    return()
  endif()
  set(map "${CMAKE_CURRENT_BINARY_DIR}/da3-sdk/plugin_exports.map")
  file(CONFIGURE OUTPUT "${map}" CONTENT "{ global: da3_plugin_entry; local: _Z*; };\n")
  target_link_options(${target} PRIVATE "LINKER:--version-script=${map}" "LINKER:--exclude-libs,ALL"
    "LINKER:-z,relro,-z,now,-z,nodelete")
endfunction()

function(_da3_check_exports target)
  if(NOT CMAKE_NM)
    message(WARNING "da3_add_plugin: there is no nm (CMAKE_NM), so what ${target} exports is not checked; install binutils")
    return()
  endif()
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND "${CMAKE_COMMAND}" "-DNM=${CMAKE_NM}" "-DLIBRARY=$<TARGET_FILE:${target}>" "-DAPPLE=${APPLE}"
      -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/check_exports.cmake"
    VERBATIM)
endfunction()

function(_da3_add_manifest target name manifest)
  cmake_parse_arguments(arg "" "MANIFEST;DEVICE" "NEEDS;REQUIRES;FACTS" ${ARGN})
  if(arg_MANIFEST)
    get_filename_component(by_hand "${arg_MANIFEST}" ABSOLUTE)
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${by_hand}")
    add_custom_command(TARGET ${target} POST_BUILD COMMAND "${CMAKE_COMMAND}" -E copy "${by_hand}" "${manifest}" VERBATIM)
    return()
  endif()
  if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
    message(FATAL_ERROR "da3_add_plugin: ${target} is built for another machine and cannot be loaded here to write its "
      "manifest; give MANIFEST libda3_${name}.plugin.yaml (written by a native build, or by hand), or set CMAKE_CROSSCOMPILING_EMULATOR")
  endif()
  _da3_manifest_writer()
  set(words "")
  foreach(sentence IN LISTS arg_NEEDS)
    list(APPEND words "--needs" "${sentence}")
  endforeach()
  foreach(requirement IN LISTS arg_REQUIRES)
    list(APPEND words "--requires" "${requirement}")
  endforeach()
  add_dependencies(${target} da3_write_manifest)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND da3_write_manifest "$<TARGET_FILE:${target}>" "${manifest}" --name "${name}" --device "${arg_DEVICE}"
      ${arg_FACTS} ${words}
    VERBATIM)
endfunction()

function(da3_add_plugin name)
  cmake_parse_arguments(arg "" "VERSION;ID;VENDOR;LICENSE;RUNTIME_ID;DEVICE;MANIFEST" "SOURCES;NEEDS;REQUIRES" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "da3_add_plugin(${name}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "da3_add_plugin(${name}): no SOURCES; name the plugin's source files")
  endif()
  _da3_check_name("${name}")
  set(target da3_${name})
  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE da3::sdk)
  _da3_plugin_properties(${target})

  # What was given must be what the table says; the defaults are only offered to it.
  set(default_VERSION "0.1.0")
  set(default_ID "org.example.da3-${name}")
  set(default_VENDOR "")
  set(default_LICENSE "")
  set(default_RUNTIME_ID "")
  set(facts "")
  foreach(fact VERSION ID VENDOR LICENSE RUNTIME_ID)
    if(DEFINED arg_${fact})
      string(TOLOWER "${fact}" word)
      list(APPEND facts "--${word}" "${arg_${fact}}")
    else()
      set(arg_${fact} "${default_${fact}}")
    endif()
    target_compile_definitions(${target} PRIVATE "DA3_PLUGIN_${fact}=\"${arg_${fact}}\"")
  endforeach()
  target_compile_definitions(${target} PRIVATE "DA3_PLUGIN_NAME=\"${name}\"")
  if(NOT arg_DEVICE)
    set(arg_DEVICE any)
  endif()

  set(manifest "$<TARGET_FILE_DIR:${target}>/libda3_${name}.plugin.yaml")
  _da3_check_exports(${target})
  _da3_add_manifest(${target} "${name}" "${manifest}" MANIFEST "${arg_MANIFEST}" DEVICE "${arg_DEVICE}"
    NEEDS ${arg_NEEDS} REQUIRES ${arg_REQUIRES} FACTS ${facts})

  if(NOT DA3_PLUGIN_INSTALL_DIR)
    set(DA3_PLUGIN_INSTALL_DIR "${DA3SDK_PLUGIN_DIR}")
  endif()
  install(TARGETS ${target} LIBRARY DESTINATION "${DA3_PLUGIN_INSTALL_DIR}" COMPONENT ${name})
  install(FILES "${manifest}" DESTINATION "${DA3_PLUGIN_INSTALL_DIR}" COMPONENT ${name})
endfunction()
