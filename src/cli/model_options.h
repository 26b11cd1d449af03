// The options that every command which loads a model shares.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/engine_config.h"
#include "engine/loaded_model.h"
#include <CLI/CLI.hpp>

namespace loci::cli {

/// Command-line values, as text where they need more than a conversion.
struct ModelOptions {
  std::string model;        // empty: the embedded one; after apply() a path
  std::string pulled_name;  // "org/name:quant", where that is what `model` was; set by apply()
  std::string dtype = "auto", kv_cache_dtype = "auto", generation_config = "auto", pooling = "auto",
              chat_template, log_level = "info";
  std::uint64_t kv_cache_memory = 0;  // 0: the default
  EngineConfig engine;
  std::optional<DType> load_dtype;  // of `dtype`; set by apply()

  /// Sets the log level, checks what CLI11 could not, and finds a pulled model by its name.
  Result<> apply();
  LoadOptions load_options() const;

 private:
  Result<> find_model();
};

/// True for the name of a model that has been pulled, and for no path that exists.
bool is_pulled_model(const std::string& word);

/// "auto" is none. vLLM's names (float16, half, bfloat16, ...) and the files' (F16, BF16, ...).
Result<std::optional<DType>> parse_dtype(std::string_view flag, const std::string& name);

void add_model_argument(CLI::App& command, ModelOptions& options);
void add_model_options(CLI::App& command, ModelOptions& options);   // how it is loaded
void add_engine_options(CLI::App& command, ModelOptions& options);  // how it is run

}  // namespace loci::cli
