# libFuzzer targets, built with clang: cmake -DLOCI_FUZZERS=ON -DCMAKE_CXX_COMPILER=clang++-19. Included at the end of
# the top-level CMakeLists.txt; the layers' own instrumentation is set in warnings.cmake, before they are made.

# loci_fuzzer(NAME LAYER) makes the program NAME of src/LAYER/**/NAME.cc. Run it as NAME tests/fuzz/CORPUS.
function(loci_fuzzer name layer)
  file(GLOB_RECURSE source CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${layer}/${name}.cc)
  add_executable(${name} EXCLUDE_FROM_ALL ${source})
  target_link_libraries(${name} PRIVATE loci_${layer})
  target_compile_options(${name} PRIVATE ${LOCI_WARNINGS} -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()

loci_fuzzer(gguf_fuzz tensor)
loci_fuzzer(safetensors_fuzz tensor)
loci_fuzzer(quantized_fuzz tensor)
loci_fuzzer(tokenizer_json_fuzz text)
loci_fuzzer(sentencepiece_fuzz text)
loci_fuzzer(tiktoken_fuzz text)
loci_fuzzer(openai_request_fuzz server)
loci_fuzzer(bench_parsers_fuzz bench)
loci_fuzzer(jinja_fuzz text)
loci_fuzzer(dialect_fuzz text)
