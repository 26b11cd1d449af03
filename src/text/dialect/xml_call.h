// Calls written as tags: <function=f><parameter=p>value</parameter></function>.
#pragma once

#include <string>

#include "text/dialect/argument_text.h"

namespace loci::dialect {

/// Reads up to `stop`, which is taken and left out; false where it does not come within kMaxNameBytes.
Read<bool> read_until(AnswerReader& in, char stop, std::string& text);

/// A call from its <function=NAME> to its </function>. Instead of parameters there may be a JSON object.
Read<bool> read_function_tag(AnswerReader& in, Edges edges);
/// The same behind "<function=".
Read<bool> read_function_rest(AnswerReader& in, Edges edges);

}  // namespace loci::dialect
