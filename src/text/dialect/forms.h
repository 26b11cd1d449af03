// The dialects that there are, a file each.
#pragma once

#include "text/dialect/form.h"

namespace loci::dialect {

extern const Form kReasoningOnly;  // tagged.cc
extern const Form kHermes;         // hermes.cc

}  // namespace loci::dialect
