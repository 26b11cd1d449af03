// Errors about named parts of a file. The names come out of the file and may hold anything, so they are made
// printable: an error stays one line.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace loci {

/// 'name': bytes that are not printable ASCII as \xNN, cut after 80 bytes.
std::string printable(std::string_view untrusted);

/// "KIND 'NAME': message", with NAME as the error's field.
std::unexpected<Error> in_part(std::string_view kind, std::string_view name, std::unexpected<Error> error);

/// The same for what may be an error.
template <class T>
Result<T> in_part(std::string_view kind, std::string_view name, Result<T> result) {
  if (result) return result;
  return in_part(kind, name, std::unexpected(std::move(result).error()));
}

/// "FILE: message".
std::unexpected<Error> in_file(std::string_view file, std::unexpected<Error> error);

template <class T>
Result<T> in_file(std::string_view file, Result<T> result) {
  if (result) return result;
  return in_file(file, std::unexpected(std::move(result).error()));
}

}  // namespace loci
