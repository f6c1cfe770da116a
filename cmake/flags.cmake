# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmu_flags carries the warnings, sanitizers and definitions of every target
# of ours. It is linked PRIVATE, so that none of it reaches a user.
include(CheckCCompilerFlag)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(mmu_flags INTERFACE)
target_include_directories(mmu_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(mmu_flags INTERFACE
	_GNU_SOURCE
	MMULATOR_VERSION="${PROJECT_VERSION}"
	# Where profiles/ and scenarios/ are: installed, and in the source tree.
	MMULATOR_DATADIR="${CMAKE_INSTALL_FULL_DATADIR}/mmulator"
	MMULATOR_SOURCE_DIR="${PROJECT_SOURCE_DIR}")

set(warnings
	-Wall -Wextra -Wshadow -Wundef -Wpointer-arith -Wwrite-strings -Wvla
	-Wcast-qual -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
	-Wold-style-definition -Wswitch-enum -Wimplicit-fallthrough
	-Wnull-dereference -Wdouble-promotion -Wconversion -Wno-sign-conversion
	-Wredundant-decls -fno-common)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	list(APPEND warnings -Wlogical-op -Wduplicated-cond
		-Wduplicated-branches -Wcast-align=strict)
endif()
if(MMU_WERROR)
	list(APPEND warnings -Werror)
	if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
		# Flow-sensitive and known to see paths that are not there.
		list(APPEND warnings -Wno-error=null-dereference)
	endif()
endif()
if(MMU_SANITIZE OR MMU_COVERAGE OR MMU_FUZZ)
	# Instrumentation makes frames larger and hides what is initialised.
	list(APPEND warnings -Wno-maybe-uninitialized)
	if(CMAKE_C_COMPILER_ID MATCHES "Clang")
		list(REMOVE_ITEM warnings -Wno-maybe-uninitialized)
	endif()
else()
	list(APPEND warnings -Wframe-larger-than=4096)
endif()
target_compile_options(mmu_flags INTERFACE
	"$<$<COMPILE_LANGUAGE:C>:${warnings}>")

# Lets gcc inline our functions into each other in spite of -fPIC.
target_compile_options(mmu_flags INTERFACE -fno-semantic-interposition)

# gcc clears and copies structs of some hundred bytes by `rep stos`, which
# takes longer to begin than a few vector stores to be done.
set(by_vectors "vector_loop:512:noalign,libcall:-1:noalign")
check_c_compiler_flag("-mmemset-strategy=${by_vectors}" has_string_strategies)
if(has_string_strategies)
	target_compile_options(mmu_flags INTERFACE
		"-mmemset-strategy=${by_vectors}"
		"-mmemcpy-strategy=${by_vectors}")
endif()
if(MMU_SANITIZE)
	set(sanitize -fsanitize=${MMU_SANITIZE} -fno-sanitize-recover=all
		-fno-omit-frame-pointer)
	target_compile_options(mmu_flags INTERFACE ${sanitize})
	target_link_options(mmu_flags INTERFACE ${sanitize})
endif()
if(MMU_FUZZ)
	target_compile_options(mmu_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(MMU_COVERAGE)
	target_compile_options(mmu_flags INTERFACE
		--coverage -fprofile-abs-path)
	target_link_options(mmu_flags INTERFACE --coverage)
endif()
if(MMU_STRESS)
	target_compile_definitions(mmu_flags INTERFACE MM_STRESS)
endif()
if(MMU_LTO)
	include(CheckIPOSupported)
	check_ipo_supported(RESULT has_lto LANGUAGES C)
	set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${has_lto})
	# The installed library is for other compilers and versions, too.
	if(has_lto AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
		target_compile_options(mmu_flags INTERFACE -ffat-lto-objects)
	endif()
endif()

# Unicorn exports functions of glib's names (g_hash_table_new() and 80 others)
# with structures of its own. The first library wins for everybody, so glib has
# to stand before it in every program.
target_link_options(mmu_flags INTERFACE
	"LINKER:--push-state,--no-as-needed,-lglib-2.0,--pop-state")
