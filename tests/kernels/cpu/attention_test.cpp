// Attention against plain loops in double, and its gradients against central differences.
#include <tl/kernels/cpu/attention.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "support/catch.hpp"

namespace {

using tl::CpuIsa;
using tl::Precision;

std::vector<CpuIsa> supported_isas() {
  std::vector<CpuIsa> isas;
  for (const CpuIsa isa : tl::all_cpu_isas)
    if (isa <= tl::detected_cpu_isa()) isas.push_back(isa);
  return isas;
}

struct Case {
  std::vector<std::int32_t> queries, keys;  // per sequence
  std::int64_t heads, width;
  double p = 0;
  Precision precision = Precision::f32;
};

/// q, k and v as column ranges of one matrix [rows, 3 H K] with the query rows first, as a fused projection makes them.
template <class T> struct Problem {
  explicit Problem(const Case& c) : c(c) {
    cu_q = {0}, cu_k = {0};
    for (const auto n : c.queries) cu_q.push_back(cu_q.back() + n);
    for (const auto n : c.keys) cu_k.push_back(cu_k.back() + n);
    stride = 3 * c.heads * c.width + 2;
    qkv.resize(static_cast<std::size_t>(std::max(cu_q.back(), cu_k.back()) * stride));
    dout.resize(static_cast<std::size_t>(cu_q.back() * c.heads * c.width));
    std::mt19937 engine(11);
    std::normal_distribution<double> normal;
    for (T& x : qkv) x = static_cast<T>(normal(engine));
    for (T& x : dout) x = static_cast<T>(normal(engine));
    dropout = {.p = c.p, .seed = 42, .site = 3, .step = 17};
    scale = 1 / std::sqrt(static_cast<double>(c.width));
  }

  std::int64_t column(int which) const { return which * c.heads * c.width; }

  void forward(CpuIsa isa) {
    out.assign(dout.size(), T(7));
    lse.assign(static_cast<std::size_t>((cu_q.back() + more_queries) * c.heads), T(7));
    tl::cpu::run(tl::cpu::Cpu{},
                 tl::kernels::AttentionForward<T>{.q = qkv.data(),
                                                  .k = qkv.data() + column(1),
                                                  .v = qkv.data() + column(2),
                                                  .q_stride = stride,
                                                  .k_stride = stride,
                                                  .v_stride = stride,
                                                  .cu_q = one_query_each ? nullptr : cu_q.data(),
                                                  .cu_k = cu_k.data(),
                                                  .n_q = cu_q.back() + more_queries,
                                                  .n_k = cu_k.back() + more_keys,
                                                  .max_q = std::ranges::max(c.queries),
                                                  .max_k = std::ranges::max(c.keys),
                                                  .out = out.data(),
                                                  .lse = lse.data(),
                                                  .b = static_cast<std::int64_t>(c.keys.size()),
                                                  .heads = c.heads,
                                                  .head_width = c.width,
                                                  .scale = scale,
                                                  .dropout = dropout,
                                                  .precision = c.precision,
                                                  .q_saved = saved(qkv_saved, 0),
                                                  .k_saved = saved(qkv_saved, 1),
                                                  .v_saved = saved(qkv_saved, 2),
                                                  .out_saved = saved(out_saved, 0)},
                 isa);
  }

  void backward(CpuIsa isa) { backward(isa, qkv.data(), out.data()); }
  void backward_from_saved(CpuIsa isa) { backward(isa, qkv_saved.data(), out_saved.data()); }

  /// Asks forward() to save its matrices for backward_from_saved().
  void save() { qkv_saved.resize(qkv.size()), out_saved.resize(dout.size()); }

  tl::bfloat16* saved(std::vector<tl::bfloat16>& matrix, int which) const {
    return matrix.empty() ? nullptr : matrix.data() + column(which);
  }

  void backward(CpuIsa isa, tl::Stored<const T> from, tl::Stored<const T> result) {
    dqkv.assign(qkv.size(), T(7));
    tl::cpu::run(tl::cpu::Cpu{},
                 tl::kernels::AttentionBackward<T>{.dout = dout.data(),
                                                   .out = result,
                                                   .lse = lse.data(),
                                                   .q = from,
                                                   .k = from + column(1),
                                                   .v = from + column(2),
                                                   .q_stride = stride,
                                                   .k_stride = stride,
                                                   .v_stride = stride,
                                                   .cu_q = one_query_each ? nullptr : cu_q.data(),
                                                   .cu_k = cu_k.data(),
                                                   .n_q = cu_q.back() + more_queries,
                                                   .n_k = cu_k.back() + more_keys,
                                                   .max_q = std::ranges::max(c.queries),
                                                   .max_k = std::ranges::max(c.keys),
                                                   .dq = dqkv.data(),
                                                   .dk = dqkv.data() + column(1),
                                                   .dv = dqkv.data() + column(2),
                                                   .b = static_cast<std::int64_t>(c.keys.size()),
                                                   .heads = c.heads,
                                                   .head_width = c.width,
                                                   .scale = scale,
                                                   .dropout = dropout,
                                                   .precision = c.precision},
                 isa);
  }

  Case c;
  std::vector<std::int32_t> cu_q, cu_k;
  std::int64_t stride;
  std::vector<T> qkv, dout, out, lse, dqkv;
  std::vector<tl::bfloat16> qkv_saved, out_saved;
  tl::kernels::DropoutMask dropout;
  double scale;
  bool one_query_each = false;
  std::int64_t more_queries = 0, more_keys = 0;  // rows of no sequence, after all others

  /// Adds rows of no sequence, with values that must not matter.
  void fill_up(std::int64_t rows_of_queries, std::int64_t rows_of_keys) {
    more_queries = rows_of_queries, more_keys = rows_of_keys;
    qkv.resize(qkv.size() + static_cast<std::size_t>(std::max(more_queries, more_keys) * stride),
               std::numeric_limits<T>::quiet_NaN());
    dout.resize(dout.size() + static_cast<std::size_t>(more_queries * c.heads * c.width),
                std::numeric_limits<T>::quiet_NaN());
    if (!qkv_saved.empty()) save();
  }
};

struct Expected {
  std::vector<double> out, lse, dqkv;
};

/// The definition, written with plain loops in double on the operands of `problem` (rounded in bf16).
template <class T> Expected naive(const Problem<T>& problem) {
  const Case& c = problem.c;
  Expected e;
  e.out.resize(problem.dout.size());
  e.lse.resize(static_cast<std::size_t>(problem.cu_q.back() * c.heads));
  e.dqkv.assign(problem.qkv.size(), 7);
  const auto at = [&](std::int64_t row, int which, std::int64_t head, std::int64_t x) {
    return static_cast<std::size_t>(row * problem.stride + problem.column(which) + head * c.width + x);
  };
  const auto value = [&](std::size_t i) {
    const T x = problem.qkv[i];
    return c.precision == Precision::bf16 ? static_cast<double>(float(tl::bfloat16(static_cast<float>(x))))
                                          : static_cast<double>(x);
  };
  for (std::size_t b = 0; b < c.keys.size(); ++b)
    for (std::int64_t head = 0; head < c.heads; ++head) {
      const std::int64_t q0 = problem.cu_q[b], k0 = problem.cu_k[b], queries = c.queries[b], keys = c.keys[b];
      for (std::int64_t x = 0; x < c.width; ++x) {
        for (std::int64_t i = 0; i < queries; ++i) e.dqkv[at(q0 + i, 0, head, x)] = 0;
        for (std::int64_t j = 0; j < keys; ++j) e.dqkv[at(k0 + j, 1, head, x)] = e.dqkv[at(k0 + j, 2, head, x)] = 0;
      }
      for (std::int64_t i = 0; i < queries; ++i) {
        const auto query = static_cast<std::size_t>(q0 + i) * static_cast<std::size_t>(c.heads * c.width) +
                           static_cast<std::size_t>(head * c.width);
        std::vector<double> score(static_cast<std::size_t>(keys)), probability(score), gradient(score), factor(score);
        std::fill(factor.begin(), factor.end(), 1.0);
        if (c.p > 0)
          problem.dropout.factors(static_cast<std::uint32_t>(static_cast<std::int64_t>(b) * c.heads + head),
                                  static_cast<std::uint32_t>(i), keys, static_cast<double>(problem.dropout.scale()),
                                  factor.data());
        double largest = -std::numeric_limits<double>::infinity(), sum = 0, mean = 0;
        for (std::size_t j = 0; j < score.size(); ++j) {
          for (std::int64_t x = 0; x < c.width; ++x)
            score[j] += value(at(q0 + i, 0, head, x)) * value(at(k0 + static_cast<std::int64_t>(j), 1, head, x));
          score[j] *= problem.scale;
          largest = std::max(largest, score[j]);
        }
        for (const double s : score) sum += std::exp(s - largest);
        e.lse[static_cast<std::size_t>((q0 + i) * c.heads + head)] = largest + std::log(sum);
        for (std::size_t j = 0; j < score.size(); ++j) {
          const std::int64_t row = k0 + static_cast<std::int64_t>(j);
          probability[j] = std::exp(score[j] - largest) / sum;
          for (std::int64_t x = 0; x < c.width; ++x) {
            const auto o = query + static_cast<std::size_t>(x);
            const double dout = static_cast<double>(problem.dout[o]);
            e.out[o] += probability[j] * factor[j] * value(at(row, 2, head, x));
            gradient[j] += dout * factor[j] * value(at(row, 2, head, x));
            e.dqkv[at(row, 2, head, x)] += probability[j] * factor[j] * dout;
          }
          mean += probability[j] * gradient[j];
        }
        for (std::size_t j = 0; j < score.size(); ++j) {
          const std::int64_t row = k0 + static_cast<std::int64_t>(j);
          const double ds = probability[j] * (gradient[j] - mean) * problem.scale;
          for (std::int64_t x = 0; x < c.width; ++x) {
            e.dqkv[at(q0 + i, 0, head, x)] += ds * value(at(row, 1, head, x));
            e.dqkv[at(row, 1, head, x)] += ds * value(at(q0 + i, 0, head, x));
          }
        }
      }
    }
  return e;
}

template <class T> double largest_difference(const std::vector<T>& got, const std::vector<double>& expected) {
  REQUIRE(got.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double difference = std::abs(static_cast<double>(got[i]) - expected[i]);
    worst = difference <= worst ? worst : difference;  // NaN stays
  }
  return worst;
}

const std::vector<Case> cases = {{{1}, {1}, 1, 1},
                                 {{27}, {27}, 2, 64},
                                 {{5, 0, 31, 16}, {5, 0, 31, 16}, 3, 32},
                                 {{1, 1, 1}, {9, 33, 1}, 2, 64},
                                 {{3, 0, 2}, {7, 4, 40}, 2, 16},
                                 {{130, 17}, {130, 17}, 1, 48}};

}  // namespace

TEST_CASE("attention equals plain loops for every instruction set, with and without dropout") {
  for (Case c : cases)
    for (const double p : {0.0, 0.1, 0.9}) {
      c.p = p;
      Problem<float> problem(c);
      const Expected expected = naive(problem);
      // rounding of the two reductions, over the head's width and over the keys; values are of order 1 / (1 - p)
      const double tolerance =
          8 * static_cast<double>(std::numeric_limits<float>::epsilon()) *
          std::sqrt(static_cast<double>(c.width + *std::max_element(c.keys.begin(), c.keys.end()))) *
          std::max(1.0, static_cast<double>(problem.dropout.scale()));
      for (const CpuIsa isa : supported_isas()) {
        problem.forward(isa);
        problem.backward(isa);
        INFO(tl::to_string(isa) << ", p " << p << ", width " << c.width << ", first length " << c.keys[0]);
        CHECK(largest_difference(problem.out, expected.out) <= tolerance);
        CHECK(largest_difference(problem.lse, expected.lse) <= tolerance);
        CHECK(largest_difference(problem.dqkv, expected.dqkv) <= 2 * tolerance);
      }
    }
}

TEST_CASE("attention in double equals plain loops to the last digits") {
  for (Case c : cases) {
    c.p = 0.25;
    Problem<double> problem(c);
    const Expected expected = naive(problem);
    problem.forward(CpuIsa::generic);
    problem.backward(CpuIsa::generic);
    // the mask's scale is a float in the kernel's contract, and the same float here
    CHECK(largest_difference(problem.out, expected.out) <= 1e-13);
    CHECK(largest_difference(problem.lse, expected.lse) <= 1e-13);
    CHECK(largest_difference(problem.dqkv, expected.dqkv) <= 1e-13);
  }
}

TEST_CASE("attention rounds q, k, v and out to bfloat16 in bf16") {
  for (Case c : cases) {
    c.precision = Precision::bf16;
    c.p = 0.1;
    Problem<float> problem(c);
    const Expected expected = naive(problem);
    for (const CpuIsa isa : supported_isas()) {
      problem.forward(isa);
      for (const float x : problem.out) REQUIRE(x == float(tl::bfloat16(x)));
      double worst = 0;  // of the difference in units of half a bfloat16 step
      for (std::size_t i = 0; i < expected.out.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(problem.out[i]) - expected.out[i]) /
                                    (0x1p-8 * std::abs(expected.out[i]) + 1e-5));
      CHECK(worst <= 1.0);
      CHECK(largest_difference(problem.lse, expected.lse) <= 1e-5);
      problem.backward(isa);  // its mean gradient uses the rounded out
      CHECK(largest_difference(problem.dqkv, expected.dqkv) <= 0x1p-5);
    }
  }
}

TEST_CASE("attention's gradients equal central differences") {
  for (Case c : {Case{{4, 1, 6}, {4, 3, 6}, 2, 3}, Case{{2, 5}, {9, 5}, 1, 8}})
    for (const double p : {0.0, 0.3}) {
      c.p = p;
      Problem<double> problem(c);
      problem.forward(CpuIsa::generic);
      problem.backward(CpuIsa::generic);
      const auto gradient = problem.dqkv;
      const auto loss = [&] {
        problem.forward(CpuIsa::generic);
        double sum = 0;
        for (std::size_t i = 0; i < problem.out.size(); ++i) sum += problem.out[i] * problem.dout[i];
        return sum;
      };
      std::size_t checked = 0;
      for (std::size_t i = 0; i < problem.qkv.size(); ++i) {
        if (gradient[i] == 7) continue;  // a place that belongs to no query, key or value
        const double x = problem.qkv[i], h = 1e-5;
        problem.qkv[i] = x + h;
        const double above = loss();
        problem.qkv[i] = x - h;
        const double below = loss();
        problem.qkv[i] = x;
        CHECK(std::abs((above - below) / (2 * h) - gradient[i]) <= 1e-8);
        ++checked;
      }
      CHECK(checked == static_cast<std::size_t>((problem.cu_q.back() + 2 * problem.cu_k.back()) * c.heads * c.width));
    }
}

TEST_CASE("attention gives the same bits for any number of threads and any company in the batch") {
  const int before = tl::num_threads();
  for (const CpuIsa isa : supported_isas()) {
    Problem<float> problem({{27, 3, 60, 1, 12}, {27, 3, 60, 1, 12}, 4, 32, 0.1});
    tl::set_num_threads(1);
    problem.forward(isa);
    problem.backward(isa);
    const auto out = problem.out, lse = problem.lse, dqkv = problem.dqkv;
    for (const int threads : {2, 3, 4}) {
      tl::set_num_threads(threads);
      problem.forward(isa);
      problem.backward(isa);
      CHECK(problem.out == out);
      CHECK(problem.lse == lse);
      CHECK(problem.dqkv == dqkv);
    }
    Problem<float> alone({{27}, {27}, 4, 32, 0.1});
    std::copy_n(problem.qkv.begin(), alone.qkv.size(), alone.qkv.begin());
    alone.forward(isa);
    CHECK(std::equal(alone.out.begin(), alone.out.end(), out.begin()));
  }
  tl::set_num_threads(before);
}

TEST_CASE("attention stays finite for scores far beyond the range of exp") {
  for (const CpuIsa isa : supported_isas()) {
    Problem<float> problem({{20}, {20}, 1, 16});
    for (float& x : problem.qkv) x *= 100;
    problem.forward(isa);
    problem.backward(isa);
    for (const float x : problem.out) REQUIRE(std::isfinite(x));
    for (const float x : problem.dqkv) REQUIRE(std::isfinite(x));
  }
}

TEST_CASE("attention: what the forward pass saves in bfloat16 gives the same gradients") {
  for (const double p : {0.0, 0.3})
    for (const CpuIsa isa : supported_isas()) {
      Problem<float> problem({{5, 0, 1, 1}, {5, 3, 40, 1}, 3, 20, p, Precision::bf16});
      problem.save();
      problem.forward(isa);
      problem.backward(isa);
      const std::vector<float> expected = problem.dqkv;
      problem.backward_from_saved(isa);
      CHECK(problem.dqkv == expected);
    }
}

TEST_CASE("attention without offsets of queries: each sequence has one") {
  for (const Precision precision : {Precision::f32, Precision::bf16})
    for (const CpuIsa isa : supported_isas()) {
      Problem<float> problem({{1, 1, 1, 1}, {5, 40, 1, 17}, 3, 20, 0.1, precision});
      problem.forward(isa);
      problem.backward(isa);
      const auto out = problem.out, lse = problem.lse, dqkv = problem.dqkv;
      problem.one_query_each = true;
      problem.forward(isa);
      problem.backward(isa);
      CHECK(problem.out == out);
      CHECK(problem.lse == lse);
      CHECK(problem.dqkv == dqkv);
    }
}

TEST_CASE(
    "attention gives rows that belong to no sequence outputs and gradients 0, and no other values to the others") {
  for (const Precision precision : {Precision::f32, Precision::bf16})
    for (const bool one_query_each : {false, true}) {
      const Case c{one_query_each ? std::vector<std::int32_t>{1, 1} : std::vector<std::int32_t>{5, 9},
                   {5, 9},
                   2,
                   16,
                   0.1,
                   precision};
      Problem<float> plain(c), filled(c);
      filled.fill_up(3, 4);
      for (Problem<float>* problem : {&plain, &filled}) {
        if (precision == Precision::bf16) problem->save();
        problem->one_query_each = one_query_each;
        problem->forward(tl::detected_cpu_isa());
        if (precision == Precision::bf16) problem->backward_from_saved(tl::detected_cpu_isa());
        else problem->backward(tl::detected_cpu_isa());
      }
      const auto check_filled = [](const auto& all, const auto& sequences) {
        CHECK(std::equal(sequences.begin(), sequences.end(), all.begin()));
        for (std::size_t i = sequences.size(); i < all.size(); ++i) REQUIRE(float(all[i]) == 0.0F);
      };
      check_filled(filled.out, plain.out);
      check_filled(filled.lse, plain.lse);
      if (precision == Precision::bf16)
        for (std::size_t i = plain.out_saved.size(); i < filled.out_saved.size(); ++i)
          REQUIRE(float(filled.out_saved[i]) == 0.0F);
      const std::int64_t width = c.heads * c.width;
      const auto gradient = [&](const Problem<float>& p, std::int64_t row, int which) {
        const auto begin = p.dqkv.begin() + row * p.stride + p.column(which);
        return std::vector<float>(begin, begin + width);
      };
      for (const int which : {0, 1, 2}) {
        const std::int64_t rows = which == 0 ? plain.cu_q.back() : plain.cu_k.back(), more = which == 0 ? 3 : 4;
        for (std::int64_t row = 0; row < rows; ++row)
          CHECK(gradient(filled, row, which) == gradient(plain, row, which));
        for (std::int64_t row = rows; row < rows + more; ++row)
          CHECK(gradient(filled, row, which) == std::vector<float>(static_cast<std::size_t>(width), 0.0F));
      }
    }
}
