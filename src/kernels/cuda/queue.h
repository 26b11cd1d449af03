// The order in which work runs on a device, and the first error of that work. Plain: it crosses the border of
// libloci_cuda.so.
#pragma once

namespace loci::kernels::cuda {

/// Work of one queue runs in the order in which it was given. Nothing here throws: an op that fails leaves
/// its message, and the ops behind it do nothing until somebody has read and emptied it.
struct Queue {
  void* stream = nullptr;  // a cudaStream_t
  char error[256] = {};    // one line; empty: none

  bool failed() const { return error[0] != '\0'; }
};

/// Keeps the first error: those behind it are its consequences.
void fail(Queue& queue, const char* what, const char* why);

}  // namespace loci::kernels::cuda
