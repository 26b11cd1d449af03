// Every op over one vector: what an instruction set's ops.cc instantiates. Constant-initialized there:
// nothing of it may run before the processor was asked.
#pragma once

#include "kernels/cpu/activate.inl.h"
#include "kernels/cpu/attention.inl.h"
#include "kernels/cpu/elementwise.inl.h"
#include "kernels/cpu/kv_write.inl.h"
#include "kernels/cpu/matmul.inl.h"
#include "kernels/cpu/norm.inl.h"
#include "kernels/cpu/quantize.inl.h"
#include "kernels/cpu/rope.inl.h"
#include "kernels/cpu/tables.h"
#include "kernels/ref/ref.h"

namespace loci::kernels {

template <class Vec>
consteval OpTable op_table(const char* name) {
  return {.name = name,
          .embed = ref::embed,
          .norm = norm<Vec>,
          .quantize = quantize<Vec>,
          .matmul = matmul<Vec>,
          .rope = rope<Vec>,
          .kv_write = kv_write<Vec>,
          .attention = attention<Vec>,
          .activate = activate<Vec>,
          .scale = scale<Vec>,
          .add = add<Vec>};
}

}  // namespace loci::kernels
