# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of the command that are scripts, because what they hold it against is:
# parsers and validators of formats, terminals.
function(mmu_script module name)
	add_test(NAME ${module}/${name}
		COMMAND ${PROJECT_SOURCE_DIR}/tests/${module}/${name}.py
			$<TARGET_FILE:mmulator>
		WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
	# Some start the command a hundred times.
	math(EXPR timeout "${MMU_TIMEOUT} * 3")
	set_tests_properties(${module}/${name} PROPERTIES
		LABELS "unit;${module}" TIMEOUT ${timeout})
endfunction()

if(TARGET mmulator)
	mmu_script(cli formats)
	mmu_script(cli terminal)
	mmu_script(cli ci_page)
	mmu_script(cli shards)
endif()
