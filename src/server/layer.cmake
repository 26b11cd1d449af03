# The static page as a string, and the version that /version answers.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source_dir}/api/index.html)
file(READ ${source_dir}/api/index.html LOCI_INDEX_HTML)
configure_file(${source_dir}/api/index_page.cc.in ${CMAKE_BINARY_DIR}/generated/server/index_page.cc @ONLY)
target_sources(loci_server PRIVATE ${CMAKE_BINARY_DIR}/generated/server/index_page.cc)
set_source_files_properties(${source_dir}/api/version.cc PROPERTIES COMPILE_DEFINITIONS LOCI_VERSION="${PROJECT_VERSION}")
