// The default model, a GGUF image inside the program (models/ has its card). Served when no model is named.
#pragma once

#include <cstddef>
#include <span>

namespace loci {

std::span<const std::byte> embedded_model();

}  // namespace loci
