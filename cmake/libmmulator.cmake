# SPDX-License-Identifier: GPL-2.0-or-later
#
# libmmulator: the sum of all modules, static and shared.
get_property(objects GLOBAL PROPERTY MMU_OBJECTS)
# glib before Unicorn, which exports functions of glib's names for its own use
# (g_hash_table_new() among them): the first library wins, for everybody.
set(third_party ${BOOST_CONTEXT_LIBRARY} PkgConfig::JSON_GLIB PkgConfig::GLIB
	PkgConfig::UNICORN PkgConfig::CAPSTONE PkgConfig::LIBELF m)

if(objects)
	add_library(mmulator_static STATIC ${objects})
	add_library(mmulator_shared SHARED ${objects})
	foreach(library mmulator_static mmulator_shared)
		target_link_libraries(${library} PUBLIC PkgConfig::GLIB
			PRIVATE mmu_flags ${third_party})
		set_target_properties(${library} PROPERTIES
			OUTPUT_NAME mmulator
			VERSION ${PROJECT_VERSION}
			SOVERSION ${PROJECT_VERSION_MAJOR})
	endforeach()
else()
	add_library(mmulator_static INTERFACE)
	target_link_libraries(mmulator_static INTERFACE PkgConfig::GLIB)
endif()
