# The embedded default model: an assembler file includes the bytes, and is assembled again when they change.
set(embedded_model ${CMAKE_SOURCE_DIR}/models/loci-tiny-q8_0.gguf)
set_source_files_properties(${source_dir}/embedded_model_image.S PROPERTIES
  COMPILE_DEFINITIONS "LOCI_EMBEDDED_MODEL=\"${embedded_model}\""
  OBJECT_DEPENDS ${embedded_model})
