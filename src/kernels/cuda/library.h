// What libloci_cuda.so gives to the program that opens it: devices, memory, queues, events and the ops, as a
// plain struct of functions. The emulation gives the same (emulation/library.h), so that what uses a device
// is tested without one.
//
// Any thread may call; a queue belongs to one. What can fail takes a Message and says why in one line.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.h"

namespace loci::kernels::cuda {

struct Message {
  char text[256] = {};
};

struct DeviceInfo {
  char name[256];
  int major, minor;  // compute capability
  int multiprocessors;
  std::size_t total_bytes, free_bytes;
};

struct Ops {
  void (*embed)(const EmbedArgs&, Queue&);
  void (*norm)(const NormArgs&, Queue&);
  void (*quantize)(const QuantizeArgs&, Queue&);
  void (*round)(const RoundArgs&, Queue&);
  void (*matmul)(const MatmulArgs&, Queue&);
  void (*rope)(const RopeArgs&, Queue&);
  void (*kv_write)(const KvWriteArgs&, Queue&);
  void (*attention)(const AttentionArgs&, Queue&);
  void (*activate)(const ActivateArgs&, Queue&);
  void (*scale)(const ScaleArgs&, Queue&);
  void (*add)(const AddArgs&, Queue&);
};

struct Library {
  std::uint32_t abi;  // kLibraryAbi of the library

  bool (*count_devices)(int& count, Message& why);
  bool (*describe_device)(int device, DeviceInfo& info, Message& why);
  /// What the calling thread does from here on is for this device.
  bool (*use_device)(int device, Message& why);

  void* (*allocate)(std::size_t bytes, Message& why);  // nullptr: it failed
  void (*release)(void* memory);
  /// Memory of the host from which and to which copies do not wait for the processor.
  void* (*allocate_pinned)(std::size_t bytes, Message& why);
  void (*release_pinned)(void* memory);

  bool (*open_queue)(Queue& queue, Message& why);
  void (*close_queue)(Queue& queue);
  /// Between any two of host and device, behind what the queue already has.
  void (*copy)(void* to, const void* from, std::size_t bytes, Queue& queue);
  /// Until the queue is empty; false: it failed, and queue.error says how.
  bool (*finish)(Queue& queue);

  void* (*make_event)(Message& why);
  void (*release_event)(void* event);
  void (*record)(void* event, Queue& queue);
  /// What comes behind in `queue` waits until the event has happened.
  void (*wait_for)(void* event, Queue& queue);
  /// The calling thread waits.
  bool (*finish_event)(void* event, Message& why);

  Ops ops;
};

/// Grows with every change of what is declared here, of Queue and of op_args.h.
inline constexpr std::uint32_t kLibraryAbi = 1;

/// The functions of this folder.
inline constexpr Ops kOps{embed,    norm,      quantize, round, matmul, rope,
                          kv_write, attention, activate, scale, add};

}  // namespace loci::kernels::cuda

/// The one name that the library exports.
extern "C" const loci::kernels::cuda::Library* loci_cuda_library();
