// The `input` of a response, as messages.
#pragma once

#include "server/openai/field_reader.h"

namespace loci {

/// A string is what the user says; a list has messages, function calls, their outputs and reasoning. Calls
/// and reasoning that follow each other are one turn of the assistant. Nothing is an empty message of the
/// user.
void read_input(FieldReader& fields, json::array& messages);

}  // namespace loci
