# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every scenario is a test of `mmulator check`:
#   scenarios/**/*.scn            ends as its `expect` says   (exit 0)
#   tests/scenarios/pass/*.scn    the same, not for users     (exit 0)
#   tests/scenarios/fail/*.scn    an `expect` that is wrong   (exit 1)
#   tests/scenarios/invalid/*.scn not a scenario              (exit 2)
#   tests/scenarios/litmus/*.scn  as pass, and every interleaving is tried (up
#                                 to a cap that only wrc and iriw reach)
function(mmu_scenarios prefix folder status)
	file(GLOB_RECURSE files CONFIGURE_DEPENDS
		RELATIVE ${PROJECT_SOURCE_DIR}/${folder}
		${PROJECT_SOURCE_DIR}/${folder}/*.scn)
	foreach(file IN LISTS files)
		string(REGEX REPLACE "\\.scn$" "" name ${file})
		add_test(NAME ${prefix}/${name}
			COMMAND ${PROJECT_SOURCE_DIR}/scripts/expect-status
				${status} $<TARGET_FILE:mmulator>
				check ${folder}/${file} ${ARGN}
			WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
		math(EXPR timeout "${MMU_TIMEOUT} * 5")
		set_tests_properties(${prefix}/${name} PROPERTIES
			LABELS scenarios TIMEOUT ${timeout})
	endforeach()
endfunction()

if(TARGET mmulator)
	mmu_scenarios(scenarios scenarios 0)
	mmu_scenarios(scenarios-pass tests/scenarios/pass 0)
	mmu_scenarios(scenarios-fail tests/scenarios/fail 1)
	mmu_scenarios(scenarios-invalid tests/scenarios/invalid 2)

	mmu_scenarios(litmus tests/scenarios/litmus 0 --policy explore
		--executions 3000)

	# The columns in README.md and docs/races are what `mmulator run` prints.
	add_test(NAME scenarios/race-pages
		COMMAND ${PROJECT_SOURCE_DIR}/scripts/race-pages
			$<TARGET_FILE:mmulator>
		WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
	set_tests_properties(scenarios/race-pages PROPERTIES
		LABELS scenarios TIMEOUT ${MMU_TIMEOUT})
endif()
