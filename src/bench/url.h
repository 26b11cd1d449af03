// Where the server is.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace loci::bench {

struct Url {
  std::string host, port;  // host without the brackets of an IPv6 address
  std::string path{};      // in front of every path; empty or begins with '/', does not end with one
};

/// "http://host:port/prefix". kUnsupported for https, kInvalidArgument for anything else.
Result<Url> parse_url(std::string_view text);

/// What the Host header says.
std::string authority(const Url& url);

using Headers = std::vector<std::pair<std::string, std::string>>;

/// "Name: value" or "Name=value". kInvalidArgument where it is none, or has characters that a header cannot.
Result<std::pair<std::string, std::string>> parse_header(std::string_view text);

}  // namespace loci::bench
