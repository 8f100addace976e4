// JSON as Python's json module reads and writes it: tl::Json, parse_json() and dump_json().
#pragma once

#include <tl/io/json_reader.hpp>
#include <tl/io/json_value.hpp>
#include <tl/io/json_writer.hpp>
