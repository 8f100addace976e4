# Read by ctest itself: one entry for each case of each test program, so that `ctest -R layer_norm` finds them. The
# programs are asked when ctest starts and not when they are built, so a cross compiler needs no way to run them.
# Expects tl_test_programs, rows of "folder|program", and tl_test_emulator and tl_list_option.

# Sets `escaped` to the test specification that selects the case `name` alone.
function(tl_escape_case name)
  foreach(character \\ "\"" , [ ])
    string(REPLACE "${character}" "\\${character}" name "${name}")
  endforeach()
  set(escaped "${name}" PARENT_SCOPE)
endfunction()

function(tl_add_cases folder program)
  # A program that cannot say what it holds is one entry, whose failure shows why.
  set(status "not built")
  if(EXISTS "${program}")
    execute_process(COMMAND ${tl_test_emulator} ${program} ${tl_list_option} OUTPUT_VARIABLE names ERROR_QUIET
                    RESULT_VARIABLE status)
  endif()
  if(NOT status MATCHES "^[0-9]+$" OR NOT names MATCHES "\n")
    add_test(${folder} ${tl_test_emulator} ${program})
    return()
  endif()
  # Names may hold semicolons and brackets, which CMake's lists do not bear.
  while(names MATCHES "^([^\n]*)\n(.*)$")
    set(names "${CMAKE_MATCH_2}")
    set(name "${CMAKE_MATCH_1}")
    if(name STREQUAL "")
      continue()
    endif()
    tl_escape_case("${name}")
    set(entry "${folder}: ${name}")
    # Catch2 2.13 takes one --warn, and a specification that selects nothing is no failure to it.
    add_test("${entry}" ${tl_test_emulator} ${program} "${escaped}" --warn NoAssertions)
    set_tests_properties("${entry}" PROPERTIES LABELS unit FAIL_REGULAR_EXPRESSION "No test cases matched")
  endwhile()
endfunction()

foreach(tl_row IN LISTS tl_test_programs)
  string(REPLACE "|" ";" tl_row "${tl_row}")
  tl_add_cases(${tl_row})
endforeach()
