// What each of the two libraries of the visibility test offers, under names that begin with one_ and two_.
#pragma once

#include <cstdint>

#include <tl/autograd/variable.hpp>

#define TL_TEST_DECLARE(prefix)                           \
  tl::Tensor<float> prefix##_make(std::int64_t elements); \
  void prefix##_drop(tl::Tensor<float>& tensor);          \
  int prefix##_threads();                                 \
  bool prefix##_records();                                \
  void prefix##_seed(std::uint64_t seed);                 \
  void prefix##_refuse();
TL_TEST_DECLARE(one)
TL_TEST_DECLARE(two)
