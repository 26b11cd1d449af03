// Base64 (RFC 4648, section 4), padded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace loci {

/// The bytes that `text` stands for; nothing where it is not base64 to the last bit.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace loci
