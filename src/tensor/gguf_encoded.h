// GGUF's metadata as it lies in a file: what a copy keeps. The values of gguf.h have lost their widths, and
// an array of bytes is no array of int32 for other readers.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>

#include "base/error.h"

namespace loci {

/// Type and value by key, windows on `image`, a whole GGUF file. parse_gguf()'s errors.
using EncodedMetadata = std::map<std::string, std::span<const std::byte>, std::less<>>;
Result<EncodedMetadata> encoded_gguf_metadata(std::span<const std::byte> image);

}  // namespace loci
