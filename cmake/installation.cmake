# SPDX-License-Identifier: GPL-2.0-or-later
#
# cmake --install: library, headers, pkg-config file, command, scenarios,
# profiles, guest programs and documents.
if(TARGET mmulator_shared)
	install(TARGETS mmulator_static mmulator_shared)
endif()
if(TARGET mmulator)
	install(TARGETS mmulator)
endif()

foreach(folder IN LISTS MMU_MODULE_FOLDERS)
	install(DIRECTORY ${folder}
		DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mmulator
		FILES_MATCHING PATTERN "*.h"
		PATTERN "*_internal.h" EXCLUDE)
endforeach()

# Relative to the file itself, so that `cmake --install --prefix` works.
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH MMU_PC_PREFIX ${CMAKE_INSTALL_PREFIX}/${pc_dir}
	${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" MMU_PC_PREFIX "${MMU_PC_PREFIX}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/mmulator.pc.in mmulator.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mmulator.pc DESTINATION ${pc_dir})

foreach(folder scenarios profiles)
	if(EXISTS ${PROJECT_SOURCE_DIR}/${folder})
		install(DIRECTORY ${folder}
			DESTINATION ${CMAKE_INSTALL_DATADIR}/mmulator)
	endif()
endforeach()
file(GLOB documents CONFIGURE_DEPENDS README.md COPYING docs/*.md)
install(FILES ${documents} DESTINATION ${CMAKE_INSTALL_DOCDIR})
file(GLOB manuals CONFIGURE_DEPENDS docs/*.1)
install(FILES ${manuals} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
