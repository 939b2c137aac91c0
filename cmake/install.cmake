# What `cmake --install` puts where, besides what it builds; tests/install/files has the list.

install(TARGETS ${WIREUTILS_TOOLS} DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(page ${WIREUTILS_PAGES} wireutils.7)
  string(REGEX REPLACE ".*\\." "" section ${page})
  install(FILES man/${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# wireutils_install_link(LINK TARGET DIRECTORY): a symbolic link that `uninstall` knows of.
function(wireutils_install_link link target directory)
  set(links ${PROJECT_BINARY_DIR}/generated/links/${directory})
  file(MAKE_DIRECTORY ${links})
  file(CREATE_LINK ${target} ${links}/${link} SYMBOLIC)
  install(FILES ${links}/${link} DESTINATION ${directory})
endfunction()

if(WIREUTILS_NC)
  wireutils_install_link(nc netcat ${CMAKE_INSTALL_BINDIR})
  wireutils_install_link(nc.1 netcat.1 ${CMAKE_INSTALL_MANDIR}/man1)
endif()
