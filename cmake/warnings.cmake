# Warnings are errors. -ffp-contract=off: the compiler must not fuse a multiply and an add where the source did
# not ask for it, or one kernel would round differently from another (first law).
set(LOCI_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Werror)
add_compile_options(-ffp-contract=off)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")

if(LOCI_SANITIZE)
  # Lines are all that their reports name, and -O1 compiles instrumented code in two thirds of the time of -O2.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
  add_compile_options(-fsanitize=${LOCI_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  if(LOCI_SANITIZE MATCHES "undefined")
    # Half of the compile time, for what AddressSanitizer and the processor report themselves.
    add_compile_options(-fno-sanitize=null,vptr,alignment,object-size)
  endif()
  add_link_options(-fsanitize=${LOCI_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12's flow analysis loses its way in instrumented code and reports what is not there.
    list(APPEND LOCI_WARNINGS -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds
         -Wno-restrict -Wno-dangling-pointer -Wno-tsan)
  endif()
endif()

if(LOCI_FUZZERS)
  # Every layer carries the coverage counters; only the targets of fuzzers.cmake link the fuzzer's main. Clang warns about
  # other things than GCC, for which the code is written.
  list(REMOVE_ITEM LOCI_WARNINGS -Werror)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
