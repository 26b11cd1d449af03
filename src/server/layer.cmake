# The chat page, in the program: an assembler file includes its parts, and is assembled again when one changes.
file(GLOB page_parts CONFIGURE_DEPENDS ${source_dir}/page/*.html ${source_dir}/page/*.css ${source_dir}/page/*.js)
set_source_files_properties(${source_dir}/page/page_image.S PROPERTIES
  COMPILE_OPTIONS "-Wa,-I${source_dir}/page"
  OBJECT_DEPENDS "${page_parts}")
# The version that /version answers.
set_source_files_properties(${source_dir}/api/version.cc PROPERTIES COMPILE_DEFINITIONS LOCI_VERSION="${PROJECT_VERSION}")
