#include <type_traits>

#include "tensor/error_context.h"
#include "tensor/gguf.h"

namespace loci {
namespace {

template <class T>
constexpr std::string_view kTypeName = "";
template <>
constexpr std::string_view kTypeName<bool> = " bool";
template <>
constexpr std::string_view kTypeName<std::int64_t> = "n integer";
template <>
constexpr std::string_view kTypeName<double> = " number";
template <>
constexpr std::string_view kTypeName<std::string_view> = " string";
template <>
constexpr std::string_view kTypeName<std::vector<bool>> = "n array of bools";
template <>
constexpr std::string_view kTypeName<std::vector<std::int64_t>> = "n array of integers";
template <>
constexpr std::string_view kTypeName<std::vector<double>> = "n array of numbers";
template <>
constexpr std::string_view kTypeName<std::vector<std::string_view>> = "n array of strings";

template <class T>
Result<T> convert(std::string_view key, const GgufValue& value) {
  if (const T* exact = std::get_if<T>(&value)) return *exact;
  if constexpr (std::is_same_v<T, double>)
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if constexpr (std::is_same_v<T, std::vector<double>>)
    if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value))
      return std::vector<double>(integers->begin(), integers->end());
  const std::string_view found = std::visit([]<class V>(const V&) { return kTypeName<V>; }, value);
  return in_part("metadata key", key, fail(ErrorCode::kCorrupt, "is a{}, not a{}", found, kTypeName<T>));
}

}  // namespace

template <class T>
Result<T> GgufMetadata::get(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return in_part("metadata key", key, fail(ErrorCode::kCorrupt, "is missing"));
  return convert<T>(key, found->second);
}

template <class T>
Result<T> GgufMetadata::get_or(std::string_view key, T fallback) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return fallback;
  return convert<T>(key, found->second);
}

template <class T>
const std::vector<T>* GgufMetadata::array(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : std::get_if<std::vector<T>>(&found->second);
}

#define LOCI_INSTANTIATE_ACCESSORS(T)                                                                    \
  template Result<T> GgufMetadata::get<T>(std::string_view) const;                                       \
  template Result<T> GgufMetadata::get_or<T>(std::string_view, T) const;                                 \
  template Result<std::vector<T>> GgufMetadata::get<std::vector<T>>(std::string_view) const;             \
  template Result<std::vector<T>> GgufMetadata::get_or<std::vector<T>>(std::string_view, std::vector<T>) \
      const;                                                                                             \
  template const std::vector<T>* GgufMetadata::array<T>(std::string_view) const;
LOCI_INSTANTIATE_ACCESSORS(bool)
LOCI_INSTANTIATE_ACCESSORS(std::int64_t)
LOCI_INSTANTIATE_ACCESSORS(double)
LOCI_INSTANTIATE_ACCESSORS(std::string_view)
#undef LOCI_INSTANTIATE_ACCESSORS

}  // namespace loci
