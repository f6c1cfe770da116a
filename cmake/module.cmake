# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmu_module(NAME DEPS module...)
#
# Makes the static library mmu_NAME out of the *.c and *.S of this folder and
# the *.c of folders in it. DEPS are the modules whose headers it may include;
# scripts/check-layers holds every #include to the same table. A folder without sources is a library without
# sources. The objects are collected for libmmulator, except those of cli.
function(mmu_module name)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPS")
	if(arg_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR
			"mmu_module(${name}): ${arg_UNPARSED_ARGUMENTS}?")
	endif()
	file(GLOB sources CONFIGURE_DEPENDS *.c *.S */*.c)
	list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/main.c)
	list(TRANSFORM arg_DEPS PREPEND mmu_)
	if(name STREQUAL "cli")
		set(arg_DEPS mmulator_static)
	endif()
	set(libraries ${arg_DEPS} PkgConfig::GLIB ${MMU_LIBRARIES_${name}})

	if(NOT sources)
		add_library(mmu_${name} INTERFACE)
		target_link_libraries(mmu_${name} INTERFACE ${libraries})
		return()
	endif()
	add_library(mmu_${name}_objects OBJECT ${sources})
	target_link_libraries(mmu_${name}_objects
		PRIVATE mmu_flags ${libraries})
	add_library(mmu_${name} STATIC $<TARGET_OBJECTS:mmu_${name}_objects>)
	target_link_libraries(mmu_${name}
		PUBLIC ${libraries} PRIVATE mmu_flags)
	if(NOT name STREQUAL "cli")
		set_property(GLOBAL APPEND PROPERTY MMU_OBJECTS
			$<TARGET_OBJECTS:mmu_${name}_objects>)
	endif()
endfunction()

# mmu_command(NAME): the executable NAME out of this folder's main.c, the rest
# of the folder and libmmulator.
function(mmu_command name)
	file(GLOB main CONFIGURE_DEPENDS main.c)
	if(NOT main)
		return()
	endif()
	add_executable(${name} ${main})
	target_link_libraries(${name} PRIVATE mmu_flags mmu_cli)
endfunction()
