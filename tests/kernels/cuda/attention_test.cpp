// Attention on the GPU against the CPU: lengths around a tile, any width of a head, queries of their own, rows of no
// sequence.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <tl/kernels/cpu/attention.hpp>

#include "dropout_cases.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

struct AttentionCase {
  std::vector<std::int32_t> queries, keys;  // per sequence
  std::int64_t heads, width;
  bool one_query_each = false;                   // without cu_q
  std::int64_t more_queries = 0, more_keys = 0;  // rows of no sequence

  static std::vector<std::int32_t> offsets(const std::vector<std::int32_t>& lengths) {
    std::vector<std::int32_t> result{0};
    for (const auto length : lengths) result.push_back(result.back() + length);
    return result;
  }
  std::int64_t sequences() const { return static_cast<std::int64_t>(keys.size()); }
  std::int64_t n_q() const { return offsets(queries).back() + more_queries; }
  std::int64_t n_k() const { return offsets(keys).back() + more_keys; }
  std::int64_t longest_query() const { return queries.empty() ? 0 : std::ranges::max(queries); }
  std::int64_t longest_key() const { return keys.empty() ? 0 : std::ranges::max(keys); }
  std::int64_t row_width() const { return heads * width; }
  /// q, k and v are column ranges of one matrix, as a fused projection makes them, and two columns belong to none of
  /// them.
  std::int64_t stride() const { return 3 * row_width() + 2; }
  double scale() const { return 1 / std::sqrt(static_cast<double>(width)); }
  std::string text() const {
    std::ostringstream out;
    out << "heads " << heads << " of " << width << ", queries";
    for (const auto n : queries) out << ' ' << n;
    out << ", keys";
    for (const auto n : keys) out << ' ' << n;
    return out.str();
  }
};

std::vector<AttentionCase> attention_cases() {
  const std::vector<std::int32_t> lengths{1, 31, 32, 33, 0, 70};
  return {
      {.queries = lengths, .keys = lengths, .heads = 2, .width = 32},
      {.queries = {5, 40}, .keys = {5, 40}, .heads = 3, .width = 8, .more_queries = 3, .more_keys = 3},
      {.queries = {3}, .keys = {3}, .heads = 1, .width = 1},
      {.queries = {20, 33}, .keys = {20, 33}, .heads = 2, .width = 64},
      {.queries = {9, 34}, .keys = {9, 34}, .heads = 1, .width = 100, .more_queries = 40, .more_keys = 35},
      {.queries = {4}, .keys = {6}, .heads = 1, .width = 200},
      {.queries = {1, 1, 1}, .keys = {40, 7, 32}, .heads = 2, .width = 32, .one_query_each = true, .more_queries = 2},
      {.queries = {2, 0, 35, 3}, .keys = {40, 7, 32, 0}, .heads = 2, .width = 16},
      {.queries = {}, .keys = {}, .heads = 2, .width = 4, .more_queries = 3, .more_keys = 2}};
}

}  // namespace

TEST_CASE("cuda attention: forward equals the CPU, with dropout and without") {
  TL_SKIP_WITHOUT_GPU();
  std::size_t turn = 0;
  for (const AttentionCase& a : attention_cases()) {
    INFO(a.text());
    KernelCase c("attention_forward", {a.n_q(), a.row_width()});
    const std::int64_t rows = std::max(a.n_q(), a.n_k()), terms = a.width * std::max<std::int64_t>(1, a.longest_key());
    const auto qkv = c.input({rows, a.stride()}), out = c.result({a.n_q(), a.row_width()}, CompareBy{.terms = terms});
    const auto lse = c.result({a.n_q(), a.heads}, CompareBy{.terms = terms});
    const auto cu_q = c.fixed_input<std::int32_t>({a.sequences() + 1}, AttentionCase::offsets(a.queries));
    const auto cu_k = c.fixed_input<std::int32_t>({a.sequences() + 1}, AttentionCase::offsets(a.keys));
    for (const MaskCase& mask : two_masks(c, 1, turn++)) {
      INFO("p = " << mask.p);
      c.check([=]<class T>(CaseMemory<T>& at) {
        return k::AttentionForward<T>{.q = at[qkv],
                                      .k = at[qkv] + a.row_width(),
                                      .v = at[qkv] + 2 * a.row_width(),
                                      .q_stride = a.stride(),
                                      .k_stride = a.stride(),
                                      .v_stride = a.stride(),
                                      .cu_q = a.one_query_each ? nullptr : at[cu_q],
                                      .cu_k = at[cu_k],
                                      .n_q = a.n_q(),
                                      .n_k = a.n_k(),
                                      .max_q = a.longest_query(),
                                      .max_k = a.longest_key(),
                                      .out = at[out],
                                      .lse = mask.p == 0.3 ? nullptr : at[lse],
                                      .b = a.sequences(),
                                      .heads = a.heads,
                                      .head_width = a.width,
                                      .scale = a.scale(),
                                      .dropout = mask.at(at)};
      });
    }
  }
}

TEST_CASE("cuda attention: backward equals the CPU, with dropout and without") {
  TL_SKIP_WITHOUT_GPU();
  std::size_t turn = 0;
  for (const AttentionCase& a : attention_cases()) {
    INFO(a.text());
    KernelCase c("attention_backward", {a.n_q(), a.row_width()});
    const std::int64_t rows = std::max(a.n_q(), a.n_k()), longest = std::max(a.longest_query(), a.longest_key());
    const auto dout = c.input({a.n_q(), a.row_width()}), out = c.input({a.n_q(), a.row_width()});
    const auto lse = c.input({a.n_q(), a.heads}, std::log(static_cast<double>(longest + 1)) + 0.5, 0.1);
    const auto qkv = c.input({rows, a.stride()});
    const auto dqkv = c.result({rows, a.stride()}, CompareBy{.terms = a.width * (longest + 1)});
    const auto cu_q = c.fixed_input<std::int32_t>({a.sequences() + 1}, AttentionCase::offsets(a.queries));
    const auto cu_k = c.fixed_input<std::int32_t>({a.sequences() + 1}, AttentionCase::offsets(a.keys));
    for (const MaskCase& mask : two_masks(c, 1, turn++)) {
      INFO("p = " << mask.p);
      c.check([=]<class T>(CaseMemory<T>& at) {
        return k::AttentionBackward<T>{.dout = at[dout],
                                       .out = at[out],
                                       .lse = at[lse],
                                       .q = at[qkv],
                                       .k = at[qkv] + a.row_width(),
                                       .v = at[qkv] + 2 * a.row_width(),
                                       .q_stride = a.stride(),
                                       .k_stride = a.stride(),
                                       .v_stride = a.stride(),
                                       .cu_q = a.one_query_each ? nullptr : at[cu_q],
                                       .cu_k = at[cu_k],
                                       .n_q = a.n_q(),
                                       .n_k = a.n_k(),
                                       .max_q = a.longest_query(),
                                       .max_k = a.longest_key(),
                                       .dq = at[dqkv],
                                       .dk = at[dqkv] + a.row_width(),
                                       .dv = at[dqkv] + 2 * a.row_width(),
                                       .b = a.sequences(),
                                       .heads = a.heads,
                                       .head_width = a.width,
                                       .scale = a.scale(),
                                       .dropout = mask.at(at)};
      });
    }
  }
}
