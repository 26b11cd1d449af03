#include "engine/embedded_model.h"

extern "C" {
extern const std::byte loci_embedded_model_begin[];
extern const std::byte loci_embedded_model_end[];
}

namespace loci {

std::span<const std::byte> embedded_model() {
  return {loci_embedded_model_begin, loci_embedded_model_end};
}

}  // namespace loci
