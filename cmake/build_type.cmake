# Warns once where nothing asks for optimisation: the kernels are headers, so the flags of the program are theirs. The
# choice stays with the project that uses tl.
get_property(tl_build_type_checked GLOBAL PROPERTY tl_build_type_checked)
get_property(tl_many_configurations GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT tl_build_type_checked AND NOT tl_many_configurations AND NOT CMAKE_BUILD_TYPE
   AND NOT "$ENV{CXXFLAGS} ${CMAKE_CXX_FLAGS} " MATCHES " -O[1-9sfz]")
  message(WARNING "tl: CMAKE_BUILD_TYPE is not set, so programs are compiled without optimisation and train many times "
                  "slower. Configure with -DCMAKE_BUILD_TYPE=Release, or set it in CMakeLists.txt before project().")
endif()
set_property(GLOBAL PROPERTY tl_build_type_checked TRUE)
