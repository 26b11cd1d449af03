# The kernels for NVIDIA GPUs (src/kernels/cuda) are compiled twice: as C++ against emulation/, for tests on any machine, and,
# where there is nvcc, into libloci_cuda.so, which the program opens at run time.
option(LOCI_CUDA "Build libloci_cuda.so if nvcc is there" ON)
find_package(Boost 1.81 REQUIRED COMPONENTS context)

set(cuda_dir ${CMAKE_SOURCE_DIR}/src/kernels/cuda)
file(GLOB cuda_kernels CONFIGURE_DEPENDS ${cuda_dir}/*.cu)
file(GLOB cuda_emulation CONFIGURE_DEPENDS ${cuda_dir}/emulation/*.cc)
list(FILTER cuda_emulation EXCLUDE REGEX "_test\\.cc$")
set_source_files_properties(${cuda_kernels} PROPERTIES LANGUAGE CXX)
add_library(loci_cuda_emulation STATIC ${cuda_kernels} ${cuda_emulation})
target_link_libraries(loci_cuda_emulation PUBLIC loci_kernels PRIVATE Boost::context)
target_compile_options(loci_cuda_emulation PRIVATE ${LOCI_WARNINGS})

# A folder of its own: there the same files are CUDA.
find_program(LOCI_NVCC nvcc HINTS /usr/local/cuda/bin)
if(LOCI_CUDA AND LOCI_NVCC AND NOT LOCI_SANITIZE AND NOT LOCI_FUZZERS)
  add_subdirectory(src/kernels/cuda)
endif()
