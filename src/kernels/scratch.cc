#include "kernels/scratch.h"

#include <memory>
#include <new>

namespace loci::kernels {
namespace {

constexpr std::align_val_t kAlignment{64};

struct Delete {
  void operator()(std::byte* bytes) const { ::operator delete(bytes, kAlignment); }
};
struct Buffer {
  std::unique_ptr<std::byte, Delete> bytes;
  std::size_t size = 0;
};

}  // namespace

std::byte* thread_scratch(ScratchUse use, std::size_t bytes) {
  thread_local Buffer buffers[6];
  Buffer& buffer = buffers[static_cast<int>(use)];
  if (buffer.size < bytes) {
    buffer.bytes.reset();
    buffer.bytes.reset(static_cast<std::byte*>(::operator new(bytes, kAlignment)));
    buffer.size = bytes;
  }
  return buffer.bytes.get();
}

}  // namespace loci::kernels
