// In which of the forms that the API allows a chat template can take messages. Templates differ and do not
// say: found out once, by rendering small conversations.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace loci {

class ChatForms {
 public:
  /// Renders a template with these variables; nullopt where it fails. Called about twenty times.
  struct Trial {
    virtual ~Trial() = default;
    virtual std::optional<std::string> render(const json::object& variables) const = 0;
  };
  static ChatForms probe(const Trial& trial, std::string_view source);

  /// The variable `tools` of a conversation without any is None; else it has to be undefined.
  bool absent_tools_are_none() const { return absent_tools_are_none_; }

  /// Joins the text parts of messages whose role does not take parts; kInvalidArgument for another kind of
  /// part.
  Result<> join_parts(json::array& messages) const;

  /// Rewrites what the template cannot do with and that has another form of the same meaning: a call's
  /// arguments (an object) as their JSON text, null content as "", the role "developer" as "system".
  void fit(json::array& messages) const;

 private:
  void probe_calls(const Trial& trial);
  bool takes_parts(std::string_view role) const;

  bool absent_tools_are_none_ = true;
  bool system_takes_parts_ = false, user_takes_parts_ = false, assistant_takes_parts_ = false,
       tool_takes_parts_ = false;
  bool takes_null_ = true;              // as the content of a message that is only calls
  bool takes_argument_objects_ = true;  // as the arguments of a call
  bool knows_developers_ = false;
};

}  // namespace loci
