# What `cmake --install` puts where.  tests/install/files has the list.

# wireutils_install_link(LINK TARGET DIRECTORY): a symbolic link that `uninstall` knows of.
function(wireutils_install_link link target directory)
  set(links ${PROJECT_BINARY_DIR}/generated/links/${directory})
  file(MAKE_DIRECTORY ${links})
  file(CREATE_LINK ${target} ${links}/${link} SYMBOLIC)
  install(FILES ${links}/${link} DESTINATION ${directory})
endfunction()

# wireutils_install_units(NAME PORT STATE): NAME.socket and NAME.service for systemd.
function(wireutils_install_units name port state)
  if(NOT port)
    message(FATAL_ERROR "wireutils_add_tool(${name} 8 ...): a PORT for its socket unit is missing")
  endif()
  file(STRINGS man/${name}.8 what REGEX "^\\.Nd ")
  string(SUBSTRING "${what}" 4 -1 what)
  set(command "@bindir@/${name}")  # the prefix may still change: `cmake --install --prefix`
  if(state)
    string(APPEND command " ${state}")
    set(state "StateDirectory=${name}\nStateDirectoryMode=0700\n")
  endif()
  set(generated ${PROJECT_BINARY_DIR}/generated/systemd)
  foreach(unit socket service)
    configure_file(systemd/daemon.${unit}.in ${generated}/${name}.${unit}.in @ONLY)
    install(CODE "set(bindir \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR})
      configure_file(${generated}/${name}.${unit}.in ${generated}/${name}.${unit} @ONLY)")
    install(FILES ${generated}/${name}.${unit} DESTINATION lib/systemd/system)
  endforeach()
endfunction()

# What is installed for all tools; after the last of them.
function(wireutils_install_rest)
  install(TARGETS ${WIREUTILS_TOOLS} DESTINATION ${CMAKE_INSTALL_BINDIR})
  foreach(page ${WIREUTILS_PAGES} wireutils.7)
    string(REGEX REPLACE ".*\\." "" section ${page})
    install(FILES man/${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endforeach()
  install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
  if(WIREUTILS_NC)
    wireutils_install_link(nc netcat ${CMAKE_INSTALL_BINDIR})
    wireutils_install_link(nc.1 netcat.1 ${CMAKE_INSTALL_MANDIR}/man1)
  endif()
endfunction()
