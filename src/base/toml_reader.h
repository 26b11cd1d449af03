// Reading a TOML table under checks: what is missing, of the wrong type, out of range or unknown becomes one
// error that names file, line and key ("fleet.toml:12: replicas.count: must be from 1 to 1024, not 0").
//
//   TomlReader in(file);
//   scenario.seed = in.integer("seed", {0, 1 << 30}, 1);   // optional: with what it is otherwise
//   scenario.rate = in.number("rate", {0, 1e6});           // required
//   for (TomlReader replica : in.tables("replica")) scenario.replicas.push_back(read_replica(replica));
//   LOCI_TRY_VOID(in.finish());
//
// The first error sticks, and reading goes on with values that are in range; finish() returns it. So nothing
// of what was read may be acted on before finish(). Readers of one file share what was found and what was
// asked for; the file must outlive them. Not for use by two threads.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>

#include "base/toml_file.h"

namespace loci {

template <class T>
struct TomlRange {
  T low = std::numeric_limits<T>::lowest(), high = std::numeric_limits<T>::max();
};

class TomlReader {
 public:
  using Integers = TomlRange<std::int64_t>;
  using Numbers = TomlRange<double>;

  explicit TomlReader(const TomlFile& file);

  bool has(std::string_view key) const { return table_ != nullptr && table_->find(key) != nullptr; }
  /// In the order of the alphabet, whether asked for already or not.
  std::vector<std::string> keys() const;
  /// "arrivals": where the table stands in its file; empty at the top.
  const std::string& path() const { return path_; }

  // Required: the key must be there.
  std::string text(std::string_view key);  // not empty
  std::int64_t integer(std::string_view key, Integers range = {});
  double number(std::string_view key, Numbers range = {});  // an integer will do; never NaN or infinite
  bool flag(std::string_view key);
  /// Where among `names` it stands.
  std::size_t choice(std::string_view key, std::span<const std::string_view> names);
  TomlReader table(std::string_view key);

  // Optional: `otherwise` where the key is absent.
  std::string text(std::string_view key, std::string_view otherwise);
  std::int64_t integer(std::string_view key, Integers range, std::int64_t otherwise);
  double number(std::string_view key, Numbers range, double otherwise);
  bool flag(std::string_view key, bool otherwise);
  std::size_t choice(std::string_view key, std::span<const std::string_view> names, std::size_t otherwise);
  std::optional<TomlReader> optional_table(std::string_view key);

  // Lists: empty where the key is absent.
  std::vector<std::string> texts(std::string_view key);
  std::vector<double> numbers(std::string_view key, Numbers range = {});
  std::vector<TomlReader> tables(std::string_view key);  // [[key]]

  /// The raw value, as asked for: everything in it counts as known. nullptr where there is none.
  const TomlValue* raw(std::string_view key);

  /// An error of one's own about the value of a key, or about the table where `key` is empty.
  void refuse(std::string_view key, std::string_view what);
  /// An error of another reader, told in whole by it.
  void adopt(const Error& error);
  bool ok() const;

  /// The first error of this file so far, or, of what lies in this table, the first key that nobody asked
  /// for.
  Result<> finish() const;

 private:
  struct State;
  TomlReader(std::shared_ptr<State> state, const TomlValue* table, std::string path);

  const TomlValue* use(std::string_view key);
  const TomlValue* require(std::string_view key);
  template <class T>
  const T* as(const TomlValue& value, std::string_view key, std::string_view kind);
  std::string name_of(std::string_view key) const;
  void fail_at(int line, std::string_view name, std::string_view what);

  std::string text_of(const TomlValue& value, std::string_view key);
  std::int64_t integer_of(const TomlValue& value, std::string_view key, Integers range);
  double number_of(const TomlValue& value, std::string_view key, Numbers range);
  bool flag_of(const TomlValue& value, std::string_view key);
  std::size_t choice_of(const TomlValue& value, std::string_view key,
                        std::span<const std::string_view> names);
  TomlReader table_of(const TomlValue& value, std::string_view key);
  const TomlValue::Array* list_of(std::string_view key);

  std::shared_ptr<State> state_;
  const TomlValue* table_;  // nullptr: was missing or no table, which has been told
  std::string path_;
};

}  // namespace loci
