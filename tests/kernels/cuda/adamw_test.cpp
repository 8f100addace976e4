// AdamW on the GPU gives the CPU's bits.
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include <tl/kernels/cpu/adamw.hpp>

#include "compare_with_cpu.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

std::vector<double> normal_floats(std::int64_t count, unsigned seed, bool positive = false) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<double> values(static_cast<std::size_t>(count));
  for (double& value : values) value = positive ? std::abs(normal(generator)) : normal(generator);
  return values;
}

/// Parameter, gradient and moments of a table, and factors of some updates as the contract has them.
struct AdamWCase {
  static constexpr CompareBy same{.same_bits = true};
  static constexpr std::int64_t table_size = 3;
  Slot<RealType> parameter, gradient, exp_avg, exp_avg_sq, table;

  AdamWCase(KernelCase& c, const tl::Shape& shape, std::vector<double> m, std::vector<double> v)
      : parameter(c.result(shape, same)),
        gradient(c.input(shape)),
        exp_avg(c.changed(shape, std::move(m), same)),
        exp_avg_sq(c.changed(shape, std::move(v), same)),
        table(c.input({table_size, 3}, {0.998F, 0.002F, 0.3F, 0.999F, 0.0015F, 0.4F, 0.9995F, 0.001F, 0.5F})) {}

  template <class T> const k::AdamWFactors<T>* factors(CaseMemory<T>& at) const {
    static_assert(sizeof(k::AdamWFactors<T>) == 3 * sizeof(T));
    return reinterpret_cast<const k::AdamWFactors<T>*>(at[table]);
  }
  template <class T> k::AdamW<T> update(CaseMemory<T>& at, std::int64_t n) const {
    return {.parameter = at[parameter],
            .gradient = at[gradient],
            .exp_avg = at[exp_avg],
            .exp_avg_sq = at[exp_avg_sq],
            .n = n,
            .lr = 2e-3,
            .beta1 = 0.9,
            .beta2 = 0.999,
            .eps = 1e-8,
            .weight_decay = 0.01,
            .step = 3,
            .gradient_scale = T(0.3F)};
  }
};

Slot<std::int64_t> state_in(KernelCase& c, const k::StepState& state) {
  static_assert(sizeof(k::StepState) % sizeof(std::int64_t) == 0);
  std::vector<std::int64_t> words(sizeof state / sizeof(std::int64_t));
  std::memcpy(words.data(), &state, sizeof state);
  return c.fixed_input<std::int64_t>({static_cast<std::int64_t>(words.size())}, words);
}

}  // namespace

TEST_CASE("cuda adamw: same bits as the CPU, for less than a block and for more than one turn of the grid") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : {0, 1, 255, 257, 1000, 4096 * 256 + 3}) {
    KernelCase c("adamw", {n});
    const AdamWCase a(c, {n}, normal_floats(n, 1), normal_floats(n, 2, true));
    const auto update = [=]<class T>(CaseMemory<T>& at) { return a.update(at, n); };
    c.check_type<float>(update);
    if (n <= 1000) c.check_type<double>(update);
  }
}

TEST_CASE("cuda adamw: reads factors, clipping and whether to apply in memory") {
  TL_SKIP_WITHOUT_GPU();
  constexpr std::int64_t n = 300;
  for (const std::int32_t apply : {1, 0}) {
    KernelCase c("adamw", {n});
    const AdamWCase a(c, {n}, normal_floats(n, 1), normal_floats(n, 2, true));
    const auto state = state_in(c, {.updates = 5, .clip = 0.7F, .apply = apply});
    c.check([=]<class T>(CaseMemory<T>& at) {
      k::AdamW<T> update = a.update(at, n);
      update.state = reinterpret_cast<const k::StepState*>(at[state]);
      update.table = a.factors(at);
      update.table_size = AdamWCase::table_size;
      return update;
    });
  }
}

TEST_CASE("cuda adamw_deferred: same bits as the CPU, also for rows at rest") {
  TL_SKIP_WITHOUT_GPU();
  constexpr std::int64_t vocabulary = 20, width = 45;
  std::vector<double> m = normal_floats(vocabulary * width, 1), v = normal_floats(vocabulary * width, 2, true);
  for (std::size_t i = 3 * width; i < 5 * width; ++i) m[i] = v[i] = 0.0;
  for (std::size_t i = 7 * width; i < 7 * width + 20; ++i) m[i] = v[i] = 0.0;
  for (const std::vector<std::int32_t>& rows : {std::vector<std::int32_t>{}, {4, 0, 19, 7, 3, 8}}) {
    const auto count = static_cast<std::int64_t>(rows.size());
    KernelCase c("adamw_deferred", {count, width});
    const AdamWCase a(c, {vocabulary, width}, m, v);
    const auto row = c.fixed_input<std::int32_t>({count}, rows);
    std::vector<std::int64_t> seen(vocabulary);
    for (std::size_t i = 0; i < seen.size(); ++i) seen[i] = static_cast<std::int64_t>(i % 4);
    const auto seen_slot = c.fixed_input<std::int64_t>({vocabulary}, seen);
    c.check([=]<class T>(CaseMemory<T>& at) {
      return k::AdamWDeferred<T>{.parameter = at[a.parameter],
                                 .exp_avg = at[a.exp_avg],
                                 .exp_avg_sq = at[a.exp_avg_sq],
                                 .rows = at[row],
                                 .seen = at[seen_slot],
                                 .steps = a.factors(at),
                                 .count = count,
                                 .width = width,
                                 .end = AdamWCase::table_size,
                                 .beta1 = 0.9,
                                 .beta2 = 0.999,
                                 .eps = 1e-8};
    });
  }
}
