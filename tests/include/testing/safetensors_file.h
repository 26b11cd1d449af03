// safetensors files made up by tests, of any type and shape.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"

namespace loci::testing {

struct SafetensorsEntry {
  std::string name, dtype;
  std::vector<std::size_t> shape;
  std::vector<std::byte> bytes;
};

inline void write_safetensors(const std::filesystem::path& path,
                              const std::vector<SafetensorsEntry>& entries) {
  json::object header;
  std::string data;
  for (const SafetensorsEntry& entry : entries) {
    const std::size_t begin = data.size();
    data.append(std::bit_cast<const char*>(entry.bytes.data()), entry.bytes.size());
    header[entry.name] = {{"dtype", entry.dtype},
                          {"shape", json::array(entry.shape.begin(), entry.shape.end())},
                          {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = json::serialize(header);
  const std::uint64_t length = text.size();
  char prefix[sizeof length];
  std::memcpy(prefix, &length, sizeof length);
  std::ofstream(path, std::ios::binary) << std::string(prefix, sizeof prefix) << text << data;
}

}  // namespace loci::testing
