# SPDX-License-Identifier: GPL-2.0-or-later
#
# Third-party libraries. The Debian packages they come from are in deps.txt.
find_package(PkgConfig REQUIRED)
pkg_check_modules(GLIB REQUIRED IMPORTED_TARGET glib-2.0)
pkg_check_modules(JSON_GLIB REQUIRED IMPORTED_TARGET json-glib-1.0)
pkg_check_modules(UNICORN REQUIRED IMPORTED_TARGET unicorn)
pkg_check_modules(CAPSTONE REQUIRED IMPORTED_TARGET capstone)
pkg_check_modules(LIBELF REQUIRED IMPORTED_TARGET libelf)
pkg_check_modules(LIBEDIT REQUIRED IMPORTED_TARGET libedit)
pkg_check_modules(NCURSESW REQUIRED IMPORTED_TARGET ncursesw)
if(MMU_TESTS)
	pkg_check_modules(CHECK REQUIRED IMPORTED_TARGET check)
endif()

# Only jump_fcontext() and make_fcontext() are used, declared by us: there is
# no C header and no pkg-config file for them.
find_library(BOOST_CONTEXT_LIBRARY boost_context REQUIRED)

# The third-party libraries a module needs; glib is for everybody.
set(MMU_LIBRARIES_base ${BOOST_CONTEXT_LIBRARY})
set(MMU_LIBRARIES_emu PkgConfig::UNICORN PkgConfig::CAPSTONE)
set(MMU_LIBRARIES_syscalls PkgConfig::LIBELF)
set(MMU_LIBRARIES_scenario PkgConfig::JSON_GLIB)
set(MMU_LIBRARIES_viz PkgConfig::CAPSTONE PkgConfig::JSON_GLIB)
set(MMU_LIBRARIES_cli PkgConfig::JSON_GLIB PkgConfig::LIBEDIT
	PkgConfig::NCURSESW)
