# CLI11 is one large header; every command includes it, so it is compiled once.
target_precompile_headers(loci_cli PRIVATE <CLI/CLI.hpp> <fmt/format.h>)
target_compile_definitions(loci_cli PRIVATE LOCI_VERSION="${PROJECT_VERSION}")
