// Data sets do not change: what shuffle() gives is a new one.
// expect: nodiscard
#include <tl/data/dataset.hpp>

tl::Dataset shuffled(const tl::Dataset& rows) {
#if TL_MISTAKE
  rows.select({0});
  return rows;
#else
  return rows.select({0});
#endif
}
