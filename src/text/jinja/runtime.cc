#include "text/jinja/runtime.h"

namespace loci::jinja {

// Dear, as what is adopted stays: some 200 bytes each, so all that the steps pay for are at most 100 MB.
static constexpr std::uint64_t kAdoptionSteps = 64;

Runtime::Runtime(const Limits& limits, std::optional<std::chrono::sys_seconds> now)
    : limits_(limits), now_(now), meter_(limits.max_live_bytes) {}

Runtime::~Runtime() {
  for (const ObjectPtr& object : adopted_) object->clear();
}

std::unexpected<Error> Runtime::out_of_steps() const {
  return fail(ErrorCode::kInvalidArgument, "the template took more than {} steps", limits_.max_steps);
}

Result<void> Runtime::reserve(std::size_t bytes) const {
  if (bytes <= meter_.room()) return {};
  return out_of_room();
}

std::unexpected<Error> Runtime::out_of_room() const {
  return fail(ErrorCode::kInvalidArgument, "the template's values need more than {} bytes",
              limits_.max_live_bytes);
}

Result<Value> Runtime::text(std::string bytes, bool markup) {
  LOCI_TRY_VOID(spend(1 + bytes.size() / 256));
  LOCI_TRY_VOID(reserve(bytes.size()));
  return Value(TextPtr(std::make_shared<const Text>(std::move(bytes), markup, &meter_)));
}

Result<Value> Runtime::sequence(std::vector<Value> items, SequenceKind kind) {
  LOCI_TRY_VOID(spend(1 + items.size() / 8));
  LOCI_TRY_VOID(reserve(items.size() * sizeof(Value)));
  auto made = std::make_shared<const Sequence>(std::move(items), kind, &meter_);
  if (made->depth > kMaxValueDepth) return type_error("a list is nested more than {} deep", kMaxValueDepth);
  return Value(SequencePtr(std::move(made)));
}

Result<Value> Runtime::generator(std::vector<Value> items) {
  LOCI_TRY(const Value held, sequence(std::move(items)));
  auto made = std::make_shared<Generator>(std::get<SequencePtr>(held.storage()));
  if (made->items->depth + 1 > kMaxValueDepth)
    return type_error("a list is nested more than {} deep", kMaxValueDepth);
  return Value(GeneratorPtr(std::move(made)));
}

Result<Value> Runtime::dict(std::vector<DictEntry> entries) {
  LOCI_TRY_VOID(spend(1 + entries.size()));
  LOCI_TRY_VOID(reserve(entries.size() * sizeof(DictEntry)));
  for (const DictEntry& entry : entries) {
    if (entry.key.is_undefined()) return undefined_error(entry.key);
    if (!is_dict_key(entry.key)) return type_error("a {} cannot be a dict's key", type_name(entry.key));
    if (const Text* t = entry.key.text()) LOCI_TRY_VOID(spend(t->bytes.size() / 16));
  }
  auto made = std::make_shared<const Dict>(std::move(entries), &meter_);
  if (made->depth > kMaxValueDepth) return type_error("a dict is nested more than {} deep", kMaxValueDepth);
  return Value(DictPtr(std::move(made)));
}

Result<const Value*> Runtime::find(const Dict& dict, const Value& key) {
  if (const Text* t = key.text()) LOCI_TRY_VOID(spend(t->bytes.size() / 16));
  return dict.find(key);
}

Result<void> Runtime::adopt(ObjectPtr object) {
  LOCI_TRY_VOID(spend(kAdoptionSteps));
  adopted_.push_back(std::move(object));
  return {};
}

}  // namespace loci::jinja
