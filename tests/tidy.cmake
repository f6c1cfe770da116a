# SPDX-License-Identifier: GPL-2.0-or-later
#
# The project's own checks as tests: `ctest -L tidy`.
function(mmu_check name)
	add_test(NAME tidy/${name}
		COMMAND ${PROJECT_SOURCE_DIR}/scripts/${ARGN}
		WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
	set_tests_properties(tidy/${name} PROPERTIES LABELS tidy TIMEOUT 120)
endfunction()

if(NOT MMU_SANITIZE AND NOT MMU_COVERAGE)
	mmu_check(layers check-layers)
	mmu_check(banned check-banned)
	mmu_check(shape check-shape)
	mmu_check(headers check-headers)
	mmu_check(archs check-archs)
	mmu_check(globals check-globals ${PROJECT_BINARY_DIR})
	mmu_check(selftest selftest.sh)
endif()
