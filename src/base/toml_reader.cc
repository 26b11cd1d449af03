#include "base/toml_reader.h"

#include <algorithm>
#include <set>

namespace loci {

struct TomlReader::State {
  std::string file;
  std::optional<Error> error{};
  std::set<const TomlValue*> used{};
};

namespace {

/// The first of a table's values, by line, that is not in `used`; its name goes into `name`.
const TomlValue* unused(const TomlValue& value, const std::set<const TomlValue*>& used,
                        const std::string& path, std::string& name) {
  const TomlValue* first = nullptr;
  const auto look = [&](const TomlValue& item, const std::string& item_path) {
    std::string found_name = item_path;
    const TomlValue* found = used.contains(&item) ? unused(item, used, item_path, found_name) : &item;
    if (found == nullptr || (first != nullptr && first->line <= found->line)) return;
    first = found;
    name = found_name;
  };
  if (const auto* table = std::get_if<TomlValue::Table>(&value.value))
    for (const auto& [key, item] : *table) look(item, path.empty() ? key : path + "." + key);
  if (const auto* list = std::get_if<TomlValue::Array>(&value.value))
    for (std::size_t i = 0; i < list->size(); ++i) look((*list)[i], fmt::format("{}[{}]", path, i));
  return first;
}

void mark_all(const TomlValue& value, std::set<const TomlValue*>& used) {
  used.insert(&value);
  if (const auto* table = std::get_if<TomlValue::Table>(&value.value))
    for (const auto& entry : *table) mark_all(entry.second, used);
  if (const auto* list = std::get_if<TomlValue::Array>(&value.value))
    for (const TomlValue& item : *list) mark_all(item, used);
}

std::string_view kind_of(const TomlValue& value) {
  constexpr std::string_view kKinds[] = {"a table", "a list", "text", "an integer", "a number", "a boolean"};
  return kKinds[value.value.index()];
}

template <class T>
std::string range_words(TomlRange<T> range) {
  using Limits = std::numeric_limits<T>;
  if (range.high == Limits::max()) return fmt::format("at least {}", range.low);
  if (range.low == Limits::lowest()) return fmt::format("at most {}", range.high);
  return fmt::format("from {} to {}", range.low, range.high);
}

}  // namespace

TomlReader::TomlReader(const TomlFile& file)
    : TomlReader(std::make_shared<State>(State{.file = file.name}), &file.root, "") {}

TomlReader::TomlReader(std::shared_ptr<State> state, const TomlValue* table, std::string path)
    : state_(std::move(state)), table_(table), path_(std::move(path)) {}

std::vector<std::string> TomlReader::keys() const {
  std::vector<std::string> keys;
  if (table_ == nullptr) return keys;
  for (const auto& entry : std::get<TomlValue::Table>(table_->value)) keys.push_back(entry.first);
  return keys;
}

std::string TomlReader::name_of(std::string_view key) const {
  if (path_.empty() || key.empty()) return path_ + std::string(key);
  return fmt::format("{}.{}", path_, key);
}

void TomlReader::fail_at(int line, std::string_view name, std::string_view what) {
  if (state_->error) return;
  const std::string_view colon = name.empty() ? "" : ": ";
  state_->error =
      Error{ErrorCode::kInvalidArgument, fmt::format("{}:{}: {}{}{}", state_->file, line, name, colon, what),
            std::string(name)};
}

void TomlReader::refuse(std::string_view key, std::string_view what) {
  const TomlValue* value = table_ == nullptr || key.empty() ? table_ : table_->find(key);
  if (value == nullptr) value = table_;
  if (value != nullptr) fail_at(value->line, name_of(key), what);
}

void TomlReader::adopt(const Error& error) {
  if (!state_->error) state_->error = error;
}

bool TomlReader::ok() const {
  return !state_->error;
}

Result<> TomlReader::finish() const {
  if (state_->error) return std::unexpected(*state_->error);
  if (table_ == nullptr) return {};
  std::string name;
  const TomlValue* unknown = unused(*table_, state_->used, path_, name);
  if (unknown == nullptr) return {};
  return std::unexpected(Error{ErrorCode::kInvalidArgument,
                               fmt::format("{}:{}: {}: unknown key", state_->file, unknown->line, name),
                               name});
}

const TomlValue* TomlReader::use(std::string_view key) {
  const TomlValue* value = table_ == nullptr ? nullptr : table_->find(key);
  if (value != nullptr) state_->used.insert(value);
  return value;
}

const TomlValue* TomlReader::require(std::string_view key) {
  const TomlValue* value = use(key);
  if (value == nullptr && table_ != nullptr) fail_at(table_->line, name_of(key), "missing");
  return value;
}

template <class T>
const T* TomlReader::as(const TomlValue& value, std::string_view key, std::string_view kind) {
  const T* held = std::get_if<T>(&value.value);
  if (held == nullptr)
    fail_at(value.line, name_of(key), fmt::format("must be {}, not {}", kind, kind_of(value)));
  return held;
}

std::string TomlReader::text_of(const TomlValue& value, std::string_view key) {
  const auto* text = as<std::string>(value, key, "text");
  if (text != nullptr && text->empty()) fail_at(value.line, name_of(key), "must not be empty");
  return text == nullptr ? "" : *text;
}

std::int64_t TomlReader::integer_of(const TomlValue& value, std::string_view key, Integers range) {
  const auto* integer = as<std::int64_t>(value, key, "an integer");
  if (integer == nullptr) return range.low;
  if (*integer < range.low || *integer > range.high)
    fail_at(value.line, name_of(key), fmt::format("must be {}, not {}", range_words(range), *integer));
  return std::clamp(*integer, range.low, range.high);
}

double TomlReader::number_of(const TomlValue& value, std::string_view key, Numbers range) {
  double number = 0;
  if (const auto* integer = std::get_if<std::int64_t>(&value.value)) {
    number = static_cast<double>(*integer);
  } else if (const auto* held = as<double>(value, key, "a number")) {
    number = *held;
  } else {
    return range.low;
  }
  if (number >= range.low && number <= range.high) return number;
  const std::string words = range.low == Numbers{}.low && range.high == Numbers{}.high
                                ? std::string("a finite number")
                                : range_words(range);
  fail_at(value.line, name_of(key), fmt::format("must be {}, not {}", words, number));
  return range.low;
}

bool TomlReader::flag_of(const TomlValue& value, std::string_view key) {
  const auto* flag = as<bool>(value, key, "true or false");
  return flag != nullptr && *flag;
}

std::size_t TomlReader::choice_of(const TomlValue& value, std::string_view key,
                                  std::span<const std::string_view> names) {
  const std::string word = text_of(value, key);
  if (!ok()) return 0;
  const auto where = std::ranges::find(names, word);
  if (where != names.end()) return static_cast<std::size_t>(where - names.begin());
  std::string list;
  for (const std::string_view name : names) list += (list.empty() ? "" : ", ") + std::string(name);
  fail_at(value.line, name_of(key), fmt::format("'{}' is none of: {}", word, list));
  return 0;
}

TomlReader TomlReader::table_of(const TomlValue& value, std::string_view key) {
  const bool is_table = as<TomlValue::Table>(value, key, "a table") != nullptr;
  return {state_, is_table ? &value : nullptr, name_of(key)};
}

const TomlValue::Array* TomlReader::list_of(std::string_view key) {
  const TomlValue* value = use(key);
  return value == nullptr ? nullptr : as<TomlValue::Array>(*value, key, "a list");
}

std::string TomlReader::text(std::string_view key) {
  const TomlValue* value = require(key);
  return value == nullptr ? "" : text_of(*value, key);
}
std::int64_t TomlReader::integer(std::string_view key, Integers range) {
  const TomlValue* value = require(key);
  return value == nullptr ? range.low : integer_of(*value, key, range);
}
double TomlReader::number(std::string_view key, Numbers range) {
  const TomlValue* value = require(key);
  return value == nullptr ? range.low : number_of(*value, key, range);
}
bool TomlReader::flag(std::string_view key) {
  const TomlValue* value = require(key);
  return value != nullptr && flag_of(*value, key);
}
std::size_t TomlReader::choice(std::string_view key, std::span<const std::string_view> names) {
  const TomlValue* value = require(key);
  return value == nullptr ? 0 : choice_of(*value, key, names);
}
TomlReader TomlReader::table(std::string_view key) {
  const TomlValue* value = require(key);
  return value == nullptr ? TomlReader(state_, nullptr, name_of(key)) : table_of(*value, key);
}

std::string TomlReader::text(std::string_view key, std::string_view otherwise) {
  return has(key) ? text(key) : std::string(otherwise);
}
std::int64_t TomlReader::integer(std::string_view key, Integers range, std::int64_t otherwise) {
  return has(key) ? integer(key, range) : otherwise;
}
double TomlReader::number(std::string_view key, Numbers range, double otherwise) {
  return has(key) ? number(key, range) : otherwise;
}
bool TomlReader::flag(std::string_view key, bool otherwise) {
  return has(key) ? flag(key) : otherwise;
}
std::size_t TomlReader::choice(std::string_view key, std::span<const std::string_view> names,
                               std::size_t otherwise) {
  return has(key) ? choice(key, names) : otherwise;
}
std::optional<TomlReader> TomlReader::optional_table(std::string_view key) {
  if (!has(key)) return std::nullopt;
  return table(key);
}

std::vector<std::string> TomlReader::texts(std::string_view key) {
  std::vector<std::string> out;
  const TomlValue::Array* list = list_of(key);
  if (list == nullptr) return out;
  for (const TomlValue& item : *list) {
    state_->used.insert(&item);
    out.push_back(text_of(item, key));
  }
  return out;
}

std::vector<double> TomlReader::numbers(std::string_view key, Numbers range) {
  std::vector<double> out;
  const TomlValue::Array* list = list_of(key);
  if (list == nullptr) return out;
  for (const TomlValue& item : *list) {
    state_->used.insert(&item);
    out.push_back(number_of(item, key, range));
  }
  return out;
}

std::vector<TomlReader> TomlReader::tables(std::string_view key) {
  std::vector<TomlReader> out;
  const TomlValue::Array* list = list_of(key);
  if (list == nullptr) return out;
  for (std::size_t i = 0; i < list->size(); ++i) {
    state_->used.insert(&(*list)[i]);
    out.push_back(table_of((*list)[i], fmt::format("{}[{}]", key, i)));
  }
  return out;
}

const TomlValue* TomlReader::raw(std::string_view key) {
  const TomlValue* value = use(key);
  if (value != nullptr) mark_all(*value, state_->used);
  return value;
}

}  // namespace loci
