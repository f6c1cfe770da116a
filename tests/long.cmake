# SPDX-License-Identifier: GPL-2.0-or-later
#
# Campaigns of minutes to hours, which `./test` leaves out: `./test long` or
# `ctest --preset long`.  They are tests of the configuration `long` alone.
# MMU_LONG_SEEDS: how many seeds each random test gets.
# MMU_LONG_SECONDS: how long each variant of the catalogue is searched.
set(MMU_LONG_SEEDS 200 CACHE STRING "Seeds of each random test of a campaign")
set(MMU_LONG_SECONDS 600 CACHE STRING "Search of each variant in a campaign")

function(mmu_campaign name)
	add_test(NAME long/${name} CONFIGURATIONS long COMMAND ${ARGN}
		WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
	set_tests_properties(long/${name} PROPERTIES
		LABELS long TIMEOUT 86400 SKIP_RETURN_CODE 77
		# Check kills a test after this long; by default after 4 s.
		ENVIRONMENT CK_DEFAULT_TIMEOUT=3600)
endfunction()

# A test with another SEED each time.
function(mmu_seeds name target)
	if(TARGET ${target})
		mmu_campaign(${name} ${PROJECT_SOURCE_DIR}/scripts/run-seeds
			${MMU_LONG_SEEDS} $<TARGET_FILE:${target}>)
	endif()
endfunction()

mmu_seeds(explorer explore_test_explorer)
mmu_seeds(cpus explore_test_cpus)
mmu_seeds(shrink explore_test_shrink)
mmu_seeds(console stepper_test_console)
# docs/evidence.md
foreach(campaign unicorn_x86 unicorn_arm64 qemu_x86)
	mmu_campaign(evidence_${campaign} evidence_diff_${campaign}
		--cases 1000000 --seed 2)
endforeach()
foreach(campaign tlb mmu mmu_arm64)
	mmu_campaign(evidence_${campaign} evidence_diff_${campaign}
		--cases 10000000 --seed 5)
endforeach()
if(TARGET mmulator)
	mmu_campaign(exhaust ${PROJECT_SOURCE_DIR}/bench/bench_exhaust
		--seconds ${MMU_LONG_SECONDS} $<TARGET_FILE:mmulator>)
endif()
