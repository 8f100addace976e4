// Arrow's C Data Interface in both directions, without Arrow: from_arrow and to_arrow.
#pragma once

#include <tl/data/arrow/arrow_abi.hpp>
#include <tl/data/arrow/arrow_export.hpp>
#include <tl/data/arrow/arrow_import.hpp>
