// The accounts of the last requests that ended.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/request_record.h"

namespace loci {

class RecordBook {
 public:
  static constexpr std::size_t kKept = 4096;

  void add(RequestRecord&& record) {
    if (records_.size() < kKept) {
      records_.push_back(std::move(record));
    } else {
      records_[next_] = std::move(record);
    }
    next_ = (next_ + 1) % kKept;
  }
  void find(std::string_view name, std::vector<RequestRecord>& out) const {
    for (const RequestRecord& record : records_)
      if (record.name == name) out.push_back(record);
  }

 private:
  std::vector<RequestRecord> records_;
  std::size_t next_ = 0;
};

}  // namespace loci
