// The tables of filters, by subject; find_filter looks through all of them.
#pragma once

#include <span>

#include "text/jinja/builtins.h"

namespace loci::jinja {

std::span<const FilterEntry> text_filters();
std::span<const FilterEntry> number_filters();
std::span<const FilterEntry> sequence_filters();
std::span<const FilterEntry> selection_filters();
std::span<const FilterEntry> order_filters();

}  // namespace loci::jinja
