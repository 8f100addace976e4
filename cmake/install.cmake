# Install rules, the package that find_package(tl) reads, and the same package for the build tree.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(tl_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tl)
set(tl_targets tl)
if(TARGET tl_cuda)
  list(APPEND tl_targets tl_cuda)
endif()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tl DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cuh")
install(TARGETS ${tl_targets} EXPORT tl_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT tl_targets NAMESPACE tl:: DESTINATION ${tl_package_dir})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/tl-config.cmake.in ${PROJECT_BINARY_DIR}/tl-config.cmake
                              INSTALL_DESTINATION ${tl_package_dir})
set(tl_any_architecture ARCH_INDEPENDENT)
if(tl_has_cuda)
  set(tl_any_architecture)
endif()
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tl-config-version.cmake COMPATIBILITY SameMinorVersion
                                 ${tl_any_architecture})
install(FILES ${PROJECT_BINARY_DIR}/tl-config.cmake ${PROJECT_BINARY_DIR}/tl-config-version.cmake
        DESTINATION ${tl_package_dir})

# find_package(tl) with -Dtl_DIR=<build folder> uses this checkout without installing it.
export(EXPORT tl_targets NAMESPACE tl:: FILE ${PROJECT_BINARY_DIR}/tl_targets.cmake)
