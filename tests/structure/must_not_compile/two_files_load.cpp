// Two names in braces are a path from the address of the first to that of the second.
// expect: deleted
#include <tl/data/load_dataset.hpp>

tl::DatasetDict load() {
#if TL_MISTAKE
  return tl::load_dataset("csv", {{"train", {"a.csv", "b.csv"}}});
#else
  return tl::load_dataset("csv", {{"train", "a.csv"}, {"test", "b.csv"}});
#endif
}
