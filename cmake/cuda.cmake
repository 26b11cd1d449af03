# The kernels for NVIDIA GPUs (src/kernels/cuda) are compiled twice: as C++ against emulation/, for tests on any machine, and
# by nvcc into libloci_cuda.so. That only where it is asked for: an nvcc that does not get on with the compiler must not keep
# anybody from building the rest.
option(LOCI_CUDA "A target loci_cuda: libloci_cuda.so, by nvcc" OFF)
set(LOCI_CUDA_ARCHITECTURES 80-real 90 CACHE STRING "What libloci_cuda.so has code for, in CMake's words")
find_package(Boost 1.81 REQUIRED COMPONENTS context)

set(cuda_dir ${CMAKE_SOURCE_DIR}/src/kernels/cuda)
file(GLOB cuda_kernels CONFIGURE_DEPENDS ${cuda_dir}/*.cu)
file(GLOB cuda_emulation CONFIGURE_DEPENDS ${cuda_dir}/emulation/*.cc)
list(FILTER cuda_emulation EXCLUDE REGEX "_test\\.cc$")
file(GLOB_RECURSE cuda_tests CONFIGURE_DEPENDS ${cuda_dir}/*_test.cc)
set_source_files_properties(${cuda_kernels} PROPERTIES LANGUAGE CXX)
add_library(loci_cuda_emulation STATIC ${cuda_kernels} ${cuda_emulation})
target_link_libraries(loci_cuda_emulation PUBLIC loci_kernels PRIVATE Boost::context)
target_compile_options(loci_cuda_emulation PRIVATE ${LOCI_WARNINGS})

# A program of its own: ThreadSanitizer knows no fibers.
add_executable(cuda_emulation_test ${cuda_tests})
target_link_libraries(cuda_emulation_test PRIVATE loci_cuda_emulation GTest::gmock GTest::gtest_main)
target_include_directories(cuda_emulation_test PRIVATE ${CMAKE_SOURCE_DIR}/tests/include)
target_compile_options(cuda_emulation_test PRIVATE ${LOCI_WARNINGS})
if(LOCI_SANITIZE)
  target_compile_options(cuda_emulation_test PRIVATE -O0) # the code under test is what must be fast
endif()
add_test(NAME cuda_emulation COMMAND cuda_emulation_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})

# A folder of its own: there the same files are CUDA.
if(LOCI_CUDA)
  find_program(LOCI_NVCC nvcc HINTS /usr/local/cuda/bin REQUIRED)
  add_subdirectory(src/kernels/cuda)
endif()
