# Each instruction set's files, and only they, are compiled for it; dispatch.cc decides at run time. -O3: the tiles of the
# matmul are written as loops over register arrays, which must unroll completely. GCC 12 takes the deliberately undefined
# registers inside its own AVX-512 headers for mistakes (GCC bug 105593), hence -Wno-*uninitialized.
file(GLOB_RECURSE avx2_sources ${source_dir}/cpu/avx2/*.cc)
file(GLOB_RECURSE avx512_sources ${source_dir}/cpu/avx512/*.cc)
file(GLOB_RECURSE avx512_bf16_sources ${source_dir}/cpu/avx512_bf16/*.cc)
file(GLOB_RECURSE amx_sources ${source_dir}/cpu/amx/*.cc)
set_source_files_properties(${avx2_sources} PROPERTIES COMPILE_OPTIONS "-O3;-mavx2;-mfma;-mf16c")
set_source_files_properties(${source_dir}/cpu/avx2_vnni/ops.cc PROPERTIES COMPILE_OPTIONS "-O3;-mavx2;-mavxvnni;-mfma;-mf16c")
set(avx512_flags
  "-O3;-mavx512f;-mavx512bw;-mavx512vl;-mavx512dq;-mavx512vnni;-mfma;-mf16c;-mprefer-vector-width=512;-Wno-uninitialized;-Wno-maybe-uninitialized")
set_source_files_properties(${avx512_sources} PROPERTIES COMPILE_OPTIONS "${avx512_flags}")
set_source_files_properties(${avx512_bf16_sources} PROPERTIES COMPILE_OPTIONS "${avx512_flags};-mavx512bf16;-mavx512vbmi")
set_source_files_properties(${amx_sources} PROPERTIES COMPILE_OPTIONS "${avx512_flags};-mavx512bf16;-mavx512vbmi;-mamx-tile;-mamx-int8;-mamx-bf16")

# Sanitizers see every access of an unrolled tile: at -O3, with all that a debugger may ask, that takes many minutes a file.
if(LOCI_SANITIZE)
  foreach(source ${avx2_sources} ${source_dir}/cpu/avx2_vnni/ops.cc ${avx512_sources} ${avx512_bf16_sources} ${amx_sources})
    get_source_file_property(flags ${source} COMPILE_OPTIONS)
    string(REPLACE "-O3" "-O1;-g1" flags "${flags}")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${flags}")
  endforeach()
endif()

# Loops of single instructions (cpu/peaks), each with the flags of its extension.
set(peak_flags "-O3;-Wno-uninitialized;-Wno-maybe-uninitialized")
set_source_files_properties(${source_dir}/cpu/peaks/avx2.cc PROPERTIES COMPILE_OPTIONS "${peak_flags};-mavx2;-mfma")
set_source_files_properties(${source_dir}/cpu/peaks/avx_vnni.cc PROPERTIES COMPILE_OPTIONS "${peak_flags};-mavx2;-mavxvnni")
set_source_files_properties(${source_dir}/cpu/peaks/avx512.cc PROPERTIES COMPILE_OPTIONS
  "${peak_flags};-mavx512f;-mavx512bw;-mprefer-vector-width=512")
set_source_files_properties(${source_dir}/cpu/peaks/avx512_vnni.cc PROPERTIES COMPILE_OPTIONS
  "${peak_flags};-mavx512f;-mavx512vnni;-mprefer-vector-width=512")
set_source_files_properties(${source_dir}/cpu/peaks/avx512_bf16.cc PROPERTIES COMPILE_OPTIONS
  "${peak_flags};-mavx512f;-mavx512bf16;-mprefer-vector-width=512")
set_source_files_properties(${source_dir}/cpu/peaks/amx.cc PROPERTIES COMPILE_OPTIONS
  "${peak_flags};-mavx512f;-mamx-tile;-mamx-int8;-mamx-bf16")
