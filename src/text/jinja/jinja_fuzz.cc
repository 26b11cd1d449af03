// Any bytes as a template, rendered over a small conversation: it ends, within its limits, without a crash.
#include "text/jinja/template.h"

namespace {

const loci::json::object& context() {
  static const loci::json::object made = loci::json::parse(R"({
    "messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": null, "n": [1, 2.5, true]}],
    "tools": null, "add_generation_prompt": true, "bos_token": "<s>", "a": 1, "s": "Wörld", "d": {"k": {"x": []}}
  })")
                                             .as_object();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto parsed = loci::jinja::Template::parse(source);
  if (!parsed) return 0;
  loci::jinja::RenderOptions options;
  options.limits.max_steps = 20'000;
  options.limits.max_live_bytes = 8 << 20;
  options.limits.max_output_bytes = 1 << 20;
  options.now = std::chrono::sys_seconds(std::chrono::seconds(1753531200));
  const auto out = parsed->render(context(), options);
  if (out && out->size() > options.limits.max_output_bytes) __builtin_trap();
  return 0;
}
