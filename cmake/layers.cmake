# loci_layer(NAME DEPENDS layer... LIBRARIES lib... PRIVATE_LIBRARIES lib... TEST_LIBRARIES lib... EXCLUDE regex)
#
# Makes the static library loci_NAME of src/NAME/**/*.cc and, of src/NAME/**/*_test.cc, the test program NAME_test.
# src/ itself is on nobody's include path: each layer has a folder of its own in the build tree that holds
# one link, NAME -> src/NAME, and only the layers that link it see it. So an include that runs up the house
# ("engine/engine.h" inside memory/) does not compile.
function(loci_layer name)
  cmake_parse_arguments(ARG "" "EXCLUDE" "DEPENDS;LIBRARIES;PRIVATE_LIBRARIES;TEST_LIBRARIES" ${ARGN})
  set(source_dir ${CMAKE_SOURCE_DIR}/src/${name})
  set(view_dir ${CMAKE_BINARY_DIR}/layers/${name})
  file(MAKE_DIRECTORY ${view_dir})
  file(CREATE_LINK ${source_dir} ${view_dir}/${name} SYMBOLIC)

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${source_dir}/*.cc ${source_dir}/*.S)
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${ARG_EXCLUDE})
  endif()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  set(depends)
  foreach(layer ${ARG_DEPENDS})
    list(APPEND depends loci_${layer})
  endforeach()

  if(NOT sources)
    add_library(loci_${name} INTERFACE)
    target_include_directories(loci_${name} INTERFACE ${view_dir})
    return()
  endif()
  add_library(loci_${name} STATIC ${sources})
  target_include_directories(loci_${name} PUBLIC ${view_dir})
  target_link_libraries(loci_${name} PUBLIC ${depends} ${ARG_LIBRARIES} PRIVATE ${ARG_PRIVATE_LIBRARIES})
  target_compile_options(loci_${name} PRIVATE ${LOCI_WARNINGS})
  if(EXISTS ${source_dir}/layer.cmake)
    include(${source_dir}/layer.cmake) # flags of single files, generated sources
  endif()

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE loci_${name} ${ARG_PRIVATE_LIBRARIES} ${ARG_TEST_LIBRARIES}
                          GTest::gmock GTest::gtest_main)
    target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests/include)
    target_compile_options(${name}_test PRIVATE ${LOCI_WARNINGS})
    if(LOCI_SANITIZE)
      target_compile_options(${name}_test PRIVATE -O0) # the code under test is what must be fast
    endif()
    target_compile_definitions(${name}_test PRIVATE LOCI_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    set_property(GLOBAL APPEND PROPERTY loci_tested_layers ${name})
  endif()
endfunction()

# loci_test_group(NAME LAYER PATTERN): the suites of a layer's tests that match PATTERN run as a test of their own, so that
# `ctest -R NAME` finds them.
function(loci_test_group name layer pattern)
  add_test(NAME ${name} COMMAND ${layer}_test --gtest_filter=${pattern} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_property(GLOBAL APPEND PROPERTY loci_grouped_${layer} ${pattern})
endfunction()

# loci_layer_tests(): one test a layer, of what is in no group.
function(loci_layer_tests)
  get_property(layers GLOBAL PROPERTY loci_tested_layers)
  foreach(layer ${layers})
    get_property(grouped GLOBAL PROPERTY loci_grouped_${layer})
    set(filter "*")
    if(grouped)
      string(REPLACE ";" ":" grouped "${grouped}")
      set(filter "-${grouped}")
    endif()
    add_test(NAME ${layer} COMMAND ${layer}_test --gtest_filter=${filter} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  endforeach()
endfunction()
