// The structs of Apache Arrow's C Data Interface and C Stream Interface, to the letter of their specification, so that
// a program may have them from another library as well; and what releases them.
#pragma once

#include <cstdint>
#include <utility>

// The names of the two macros are the specification's: they keep a second definition of the structs out.
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

extern "C" {

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

}  // extern "C"

#endif  // ARROW_C_DATA_INTERFACE

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

extern "C" {

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

}  // extern "C"

#endif  // ARROW_C_STREAM_INTERFACE

namespace tl::detail {

/// Releases one of the structs at the end of its life, once, whatever happens meanwhile. What is given to it counts as
/// released from then on, because the specification has structs moved in this way.
template <class Struct> class ArrowOwner {
 public:
  /// Nothing yet: get() is where a producer writes.
  ArrowOwner() = default;
  /// Takes what `from` holds. A null pointer is nothing.
  explicit ArrowOwner(Struct* from) {
    if (from == nullptr) return;
    value_ = *from;
    from->release = nullptr;
  }
  ~ArrowOwner() { reset(); }
  ArrowOwner(const ArrowOwner&) = delete;
  ArrowOwner& operator=(const ArrowOwner&) = delete;

  bool released() const { return value_.release == nullptr; }
  void reset() {
    if (!released()) value_.release(&value_);
    value_ = {};
  }
  Struct* get() { return &value_; }
  Struct* operator->() { return &value_; }
  Struct& operator*() { return value_; }

 private:
  Struct value_ = {};
};

}  // namespace tl::detail
