# Install rules, the package that find_package(tl) reads, and the same package for the build tree.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(tl_lib_dir ${CMAKE_INSTALL_LIBDIR})
set(tl_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tl)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tl DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cuh")
install(TARGETS tl EXPORT tl_targets)
install(EXPORT tl_targets NAMESPACE tl:: DESTINATION ${tl_package_dir})
# The headers can be installed from a folder where nothing was built; then the package has none of these.
set(tl_optional_libraries)
foreach(name cuda hub compression parquet)
  if(TARGET tl_${name})
    list(APPEND tl_optional_libraries ${name})
    install(TARGETS tl_${name} EXPORT tl_${name}_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} OPTIONAL)
    install(EXPORT tl_${name}_targets NAMESPACE tl:: DESTINATION ${tl_package_dir})
  endif()
endforeach()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/tl-config.cmake.in ${PROJECT_BINARY_DIR}/tl-config.cmake
                              INSTALL_DESTINATION ${tl_package_dir} PATH_VARS tl_lib_dir)
set(tl_any_architecture ARCH_INDEPENDENT)
if(tl_optional_libraries)
  set(tl_any_architecture)
endif()
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tl-config-version.cmake COMPATIBILITY SameMinorVersion
                                 ${tl_any_architecture})
install(FILES ${PROJECT_BINARY_DIR}/tl-config.cmake ${PROJECT_BINARY_DIR}/tl-config-version.cmake
              ${CMAKE_CURRENT_LIST_DIR}/build_type.cmake
        DESTINATION ${tl_package_dir})

# For pkg-config. Its prefix is derived from its place, since it may be chosen when installing.
set(tl_pc_dir ${CMAKE_INSTALL_DATADIR}/pkgconfig)
file(RELATIVE_PATH tl_prefix_from_pc /prefix/${tl_pc_dir} /prefix)
configure_file(${CMAKE_CURRENT_LIST_DIR}/tl.pc.in ${PROJECT_BINARY_DIR}/tl.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/tl.pc DESTINATION ${tl_pc_dir})

# find_package(tl) with -Dtl_DIR=<build folder> uses this checkout without installing it.
export(EXPORT tl_targets NAMESPACE tl:: FILE ${PROJECT_BINARY_DIR}/tl_targets.cmake)
foreach(name IN LISTS tl_optional_libraries)
  export(EXPORT tl_${name}_targets NAMESPACE tl:: FILE ${PROJECT_BINARY_DIR}/tl_${name}_targets.cmake)
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/build_type.cmake ${PROJECT_BINARY_DIR}/build_type.cmake COPYONLY)
