// Errors as values: what an operation returns when the world (a file, a client, a disk) did not do its part.
//
// Three kinds of trouble, three treatments. A bug aborts (base/check.h). An operating error travels as
// Result<T>. A refusal is an Error too; the server turns its code into an HTTP status.
#pragma once

#include <expected>
#include <fmt/format.h>
#include <string>
#include <utility>

namespace loci {

enum class ErrorCode {
  kInvalidArgument,    // the caller's value is wrong: 400
  kNotFound,           // a file, model or request that is not there: 404
  kUnsupported,        // well-formed, but nothing here can do it
  kCorrupt,            // bytes that contradict themselves
  kIo,                 // the operating system refused
  kResourceExhausted,  // a queue, a pool or a quota is full: 429 or 503
  kUnavailable,        // shutting down, or not ready yet: 503
};

struct Error {
  ErrorCode code;
  std::string message;     // one line; names what and where
  std::string field{};     // the parameter, header field or tensor at fault, where there is one
  double retry_after = 0;  // seconds after which it may be asked again; 0: not known

  /// The same error, seen from further out: "FILE: message".
  Error in(std::string_view where) && {
    message = fmt::format("{}: {}", where, message);
    return std::move(*this);
  }
};

template <class T = void>
using Result = std::expected<T, Error>;

/// `return fail(ErrorCode::kCorrupt, "tensor {} ends at {}, file at {}", ...);`
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format,
                                          Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

}  // namespace loci

#define LOCI_CONCAT_INNER(a, b) a##b
#define LOCI_CONCAT(a, b) LOCI_CONCAT_INNER(a, b)

/// LOCI_TRY(auto file, MappedFile::open(path)); binds the value or returns the error to the caller.
#define LOCI_TRY(declaration, ...) \
  LOCI_TRY_INNER(LOCI_CONCAT(loci_result_, __LINE__), declaration, __VA_ARGS__)
#define LOCI_TRY_INNER(result, declaration, ...)                  \
  auto result = (__VA_ARGS__);                                    \
  if (!result) return std::unexpected(std::move(result).error()); \
  declaration = std::move(*result)

/// LOCI_TRY_VOID(check(x)); for Result<void>.
#define LOCI_TRY_VOID(...)                                    \
  do {                                                        \
    if (auto loci_status = (__VA_ARGS__); !loci_status)       \
      return std::unexpected(std::move(loci_status).error()); \
  } while (false)
