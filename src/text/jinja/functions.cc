// Functions that every template sees, and the objects that they make.
#include <algorithm>

#include "text/jinja/format.h"
#include "text/jinja/objects.h"
#include "text/jinja/print.h"

namespace loci::jinja {
namespace {

__extension__ using Wide = __int128;  // no sum of three int64 overflows it

Result<Value> range(Runtime& rt, const CallArgs& args) {
  if (args.positional.empty() || args.positional.size() > 3 || !args.named.empty()) {
    return type_error("range expected 1 to 3 arguments, got {}", args.positional.size() + args.named.size());
  }
  std::array<std::int64_t, 3> given{};
  for (std::size_t i = 0; i < args.positional.size(); ++i) {
    LOCI_TRY(given[i], integer_or(&args.positional[i], 0, "range's argument"));
  }
  const bool one = args.positional.size() == 1;
  const Wide start = one ? 0 : given[0], stop = one ? given[0] : given[1];
  const Wide step = args.positional.size() == 3 ? given[2] : 1;
  if (step == 0) return type_error("range() arg 3 must not be zero");
  const Wide distance = step > 0 ? stop - start : start - stop, stride = step > 0 ? step : -step;
  const Wide count = distance <= 0 ? 0 : (distance + stride - 1) / stride;
  if (count > kMaxRange)
    return type_error("Range too big. The sandbox blocks ranges larger than {}.", kMaxRange);
  LOCI_TRY_VOID(rt.spend(static_cast<std::uint64_t>(count)));
  std::vector<Value> items;
  for (Wide i = 0; i < count; ++i) items.emplace_back(static_cast<std::int64_t>(start + i * step));
  return rt.sequence(std::move(items), SequenceKind::kRange);
}

/// The entries of dict(...) and namespace(...): those of one mapping or list of pairs, then the named ones.
Result<std::vector<DictEntry>> entries_of(Runtime& rt, const CallArgs& args, std::string_view what) {
  std::vector<DictEntry> entries;
  if (args.positional.size() > 1) return type_error("{} expected at most 1 argument", what);
  if (args.positional.size() == 1) {
    const Value& from = args.positional[0];
    if (const Dict* d = from.dict()) {
      entries = d->entries;
    } else {
      LOCI_TRY(const std::vector<Value> pairs, iterate(rt, from));
      for (const Value& pair : pairs) {
        LOCI_TRY(const std::vector<Value> both, iterate(rt, pair));
        if (both.size() != 2) return type_error("{} needs pairs", what);
        entries.push_back({both[0], both[1]});
      }
    }
  }
  for (const auto& [name, value] : args.named) {
    LOCI_TRY(Value key, rt.text(name));
    entries.push_back({std::move(key), value});
  }
  LOCI_TRY_VOID(rt.spend(entries.size()));
  return entries;
}

Result<Value> dict(Runtime& rt, const CallArgs& args) {
  LOCI_TRY(std::vector<DictEntry> entries, entries_of(rt, args, "dict"));
  return rt.dict(std::move(entries));
}

Result<Value> make_namespace(Runtime& rt, const CallArgs& args) {
  LOCI_TRY(const Value all, dict(rt, args));
  std::map<std::string, Value, std::less<>> attributes;
  for (const DictEntry& entry : all.dict()->entries) {
    if (!entry.key.text()) return type_error("a namespace's attributes have names");
    attributes.emplace(entry.key.text()->bytes, entry.value);
  }
  auto made = std::make_shared<Namespace>(std::move(attributes));
  LOCI_TRY_VOID(rt.adopt(made));
  return Value(ObjectPtr(std::move(made)));
}

Result<Value> cycler(Runtime& rt, const CallArgs& args) {
  if (args.positional.empty()) return type_error("at least one item has to be provided");
  LOCI_TRY(const Value items, rt.sequence(args.positional));
  return Value(ObjectPtr(std::make_shared<Cycler>(std::get<SequencePtr>(items.storage()))));
}

Result<Value> joiner(Runtime& rt, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "joiner", {"sep"}));
  if (a[0]) return Value(ObjectPtr(std::make_shared<Joiner>(*a[0])));
  LOCI_TRY(Value comma, rt.text(", "));
  return Value(ObjectPtr(std::make_shared<Joiner>(std::move(comma))));
}

Result<Value> raise_exception(Runtime& rt, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "raise_exception", {"message"}, 1));
  LOCI_TRY(std::string message, to_string(rt, *a[0]));
  rt.raised = true;
  return std::unexpected(Error{ErrorCode::kInvalidArgument, std::move(message)});
}

Result<Value> strftime_now(Runtime& rt, const CallArgs& args) {
  LOCI_TRY(const auto a, bind(args, "strftime_now", {"format"}, 1));
  LOCI_TRY(const std::string_view format, text_or(a[0], "", "strftime_now's format"));
  if (!rt.now()) return type_error("the template asks for the date, and the caller gave none");
  LOCI_TRY_VOID(rt.spend(64));
  return format_time(rt, *rt.now(), format);
}

constexpr FunctionEntry kFunctions[] = {
    {"range", range},
    {"dict", dict},
    {"namespace", make_namespace},
    {"cycler", cycler},
    {"joiner", joiner},
    {"raise_exception", raise_exception},
    {"strftime_now", strftime_now},
};

}  // namespace

const FunctionEntry* find_function(std::string_view name) {
  const auto* at = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                [name](const FunctionEntry& entry) { return entry.name == name; });
  return at == std::end(kFunctions) ? nullptr : at;
}

std::optional<Value> global_function(std::string_view name) {
  const FunctionEntry* entry = find_function(name);
  if (!entry) return std::nullopt;
  return Value(ObjectPtr(std::make_shared<Function>(*entry)));
}

Value bound_method(const Value& self, const MethodEntry& entry) {
  return Value(ObjectPtr(std::make_shared<BoundMethod>(self, entry)));
}

std::optional<Value> Namespace::attribute(std::string_view name) const {
  const auto at = attributes_.find(name);
  return at == attributes_.end() ? std::nullopt : std::optional<Value>(at->second);
}

void Namespace::set(const std::string& name, Value value) {
  attributes_.insert_or_assign(name, std::move(value));
}

Result<std::string> Namespace::repr(Runtime& rt) const {
  TextBuilder out(rt);
  LOCI_TRY_VOID(out.append("<Namespace {"));
  bool first = true;
  for (const auto& [name, v] : attributes_) {
    LOCI_TRY_VOID(out.append(fmt::format("{}{}: ", first ? "" : ", ", quoted(name))));
    first = false;
    // A namespace may hold itself, so its parts are not shown further down than this.
    if (v.object() || depth_of(v) > 0) {
      LOCI_TRY_VOID(out.append("..."));
    } else {
      LOCI_TRY_VOID(repr_to(out, rt, v));
    }
  }
  LOCI_TRY_VOID(out.append("}>"));
  return out.take();
}

}  // namespace loci::jinja
