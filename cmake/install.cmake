# `cmake --install build --prefix /usr` (DESTDIR is respected): program, man page, documents, systemd unit, settings.
include(GNUInstallDirs)
install(TARGETS loci RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES packaging/loci.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)

# The unit names the program by its path, which is known when it is installed. Settings that are there already stay.
install(CODE "set(unit_in \"${CMAKE_SOURCE_DIR}/packaging/loci.service.in\")
set(settings \"${CMAKE_SOURCE_DIR}/packaging/loci.toml\")
set(unit_made \"${CMAKE_BINARY_DIR}/loci.service\")")
install(CODE [[
  set(LOCI_BINARY "${CMAKE_INSTALL_PREFIX}/bin/loci")
  if(CMAKE_INSTALL_PREFIX MATCHES "^/usr(/local)?/?$")
    set(LOCI_CONFIG_DIR /etc/loci)
  else()
    set(LOCI_CONFIG_DIR "${CMAKE_INSTALL_PREFIX}/etc/loci")
  endif()
  configure_file("${unit_in}" "${unit_made}" @ONLY)
  file(INSTALL "${unit_made}" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
  if(NOT EXISTS "$ENV{DESTDIR}${LOCI_CONFIG_DIR}/loci.toml")
    file(INSTALL "${settings}" DESTINATION "${LOCI_CONFIG_DIR}")
  endif()
]])
