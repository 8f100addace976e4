// The two directions of Arrow's C Data Interface as functions that compare_arrow_c.py calls by ctypes.
#include <cstdint>
#include <string>

#include <tl/data/arrow_c.hpp>

namespace {

std::string problem;  // of the last call, empty if there was none

template <class Call> void* guarded(Call&& call) {
  problem.clear();
  try {
    return call();
  } catch (const std::exception& error) {
    problem = error.what();
    return nullptr;
  }
}

}  // namespace

extern "C" {

const char* bridge_problem() { return problem.c_str(); }

void* bridge_from_stream(ArrowArrayStream* stream) {
  return guarded([&] { return new tl::Dataset(tl::from_arrow(stream)); });
}

void* bridge_from_array(ArrowSchema* schema, ArrowArray* array) {
  return guarded([&] { return new tl::Dataset(tl::from_arrow(schema, array)); });
}

void bridge_to_arrow(const tl::Dataset* rows, ArrowSchema* schema, ArrowArray* array) {
  guarded([&]() -> void* { return tl::to_arrow(*rows, schema, array), nullptr; });
}

/// Whether the structs are those of the specification, in bytes.
std::int64_t bridge_sizes() {
  return sizeof(ArrowSchema) * 10000 + sizeof(ArrowArray) * 100 + sizeof(ArrowArrayStream);
}

void bridge_free(tl::Dataset* rows) { delete rows; }

}  // extern "C"
