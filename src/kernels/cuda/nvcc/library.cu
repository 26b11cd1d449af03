// The functions of Library over the CUDA runtime.
#include <cstdio>
#include <cuda_runtime.h>

#include "kernels/cuda/library.h"

namespace loci::kernels::cuda {
namespace {

bool succeeded(cudaError_t error, const char* what, Message& why) {
  if (error == cudaSuccess) return true;
  std::snprintf(why.text, sizeof why.text, "%s: %s", what, cudaGetErrorString(error));
  cudaGetLastError();  // read: it is not the next call's
  return false;
}
void check(cudaError_t error, const char* what, Queue& queue) {
  if (error != cudaSuccess) fail(queue, what, cudaGetErrorString(error));
}
cudaStream_t stream_of(const Queue& queue) {
  return static_cast<cudaStream_t>(queue.stream);
}
cudaEvent_t event_of(void* event) {
  return static_cast<cudaEvent_t>(event);
}

bool count_devices(int& count, Message& why) {
  return succeeded(cudaGetDeviceCount(&count), "looking for devices", why);
}

bool describe_device(int device, DeviceInfo& info, Message& why) {
  cudaDeviceProp properties;
  if (!succeeded(cudaGetDeviceProperties(&properties, device), "asking the device what it is", why))
    return false;
  if (!succeeded(cudaSetDevice(device), "using the device", why)) return false;
  std::snprintf(info.name, sizeof info.name, "%s", properties.name);
  info.major = properties.major;
  info.minor = properties.minor;
  info.multiprocessors = properties.multiProcessorCount;
  return succeeded(cudaMemGetInfo(&info.free_bytes, &info.total_bytes), "asking for the device's memory",
                   why);
}

bool use_device(int device, Message& why) {
  return succeeded(cudaSetDevice(device), "using the device", why);
}

void* allocate(std::size_t bytes, Message& why) {
  void* memory = nullptr;
  return succeeded(cudaMalloc(&memory, bytes), "allocating memory of the device", why) ? memory : nullptr;
}
void release(void* memory) {
  cudaFree(memory);
}
void* allocate_pinned(std::size_t bytes, Message& why) {
  void* memory = nullptr;
  return succeeded(cudaMallocHost(&memory, bytes), "allocating pinned memory", why) ? memory : nullptr;
}
void release_pinned(void* memory) {
  cudaFreeHost(memory);
}

bool open_queue(Queue& queue, Message& why) {
  cudaStream_t stream = nullptr;
  if (!succeeded(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "opening a queue", why))
    return false;
  queue = {};
  queue.stream = stream;
  return true;
}
void close_queue(Queue& queue) {
  if (queue.stream != nullptr) cudaStreamDestroy(stream_of(queue));
  queue.stream = nullptr;
}
void copy(void* to, const void* from, std::size_t bytes, Queue& queue) {
  if (!queue.failed() && bytes > 0)
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream_of(queue)), "copy", queue);
}
bool finish(Queue& queue) {
  check(cudaStreamSynchronize(stream_of(queue)), "running the queue", queue);
  return !queue.failed();
}

void* make_event(Message& why) {
  cudaEvent_t event = nullptr;
  return succeeded(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event", why)
             ? event
             : nullptr;
}
void release_event(void* event) {
  cudaEventDestroy(event_of(event));
}
void record(void* event, Queue& queue) {
  if (!queue.failed()) check(cudaEventRecord(event_of(event), stream_of(queue)), "recording an event", queue);
}
void wait_for(void* event, Queue& queue) {
  if (!queue.failed())
    check(cudaStreamWaitEvent(stream_of(queue), event_of(event), 0), "waiting for an event", queue);
}
bool finish_event(void* event, Message& why) {
  return succeeded(cudaEventSynchronize(event_of(event)), "waiting for an event", why);
}

constexpr Library kLibrary{.abi = kLibraryAbi,
                           .count_devices = count_devices,
                           .describe_device = describe_device,
                           .use_device = use_device,
                           .allocate = allocate,
                           .release = release,
                           .allocate_pinned = allocate_pinned,
                           .release_pinned = release_pinned,
                           .open_queue = open_queue,
                           .close_queue = close_queue,
                           .copy = copy,
                           .finish = finish,
                           .make_event = make_event,
                           .release_event = release_event,
                           .record = record,
                           .wait_for = wait_for,
                           .finish_event = finish_event,
                           .ops = kOps};

}  // namespace
}  // namespace loci::kernels::cuda

extern "C" __attribute__((visibility("default"))) const loci::kernels::cuda::Library* loci_cuda_library() {
  return &loci::kernels::cuda::kLibrary;
}
