#include "text/jinja/filters.h"

#include <algorithm>

namespace loci::jinja {

const FilterEntry* find_filter(std::string_view name) {
  for (const auto table :
       {text_filters(), number_filters(), sequence_filters(), selection_filters(), order_filters()}) {
    const auto at =
        std::find_if(table.begin(), table.end(), [name](const FilterEntry& e) { return e.name == name; });
    if (at != table.end()) return &*at;
  }
  return nullptr;
}

}  // namespace loci::jinja
