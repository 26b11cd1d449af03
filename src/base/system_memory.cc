#include "base/system_memory.h"

#include <fstream>
#include <string>

namespace loci {

std::size_t available_memory() {
  std::ifstream info("/proc/meminfo");
  std::size_t kibibytes = 0;
  for (std::string word; info >> word;)
    if (word == "MemAvailable:") info >> kibibytes;
  return kibibytes << 10;
}

}  // namespace loci
