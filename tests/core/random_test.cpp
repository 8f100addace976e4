// Generators against the answers of torch and numpy, the published Philox vectors, and the sentences of their errors.
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/core/mt19937.hpp>
#include <tl/core/pcg64.hpp>
#include <tl/core/philox.hpp>

#include "support/catch.hpp"
#include "support/random_reference.hpp"
#include "support/reference.hpp"

using namespace tl;
using nlohmann::json;
using tl::test::check_bits;
using tl::test::check_order;

namespace {

json reference() { return json::parse(test::read_text(test::reference_file("random.json"))); }

std::vector<float> normal(std::size_t n, double mean, double std, Mt19937& generator) {
  std::vector<float> values(n);
  normal_(values, mean, std, generator);
  return values;
}

}  // namespace

TEST_CASE("mt19937: raw draws are those of the published generator") {
  Mt19937 generator;
  generator.discard(9999);
  CHECK(generator.next_u32() == 4123659995u);  // the C++ standard's own check value for mt19937
}

TEST_CASE("mt19937: randperm equals torch.randperm") {
  const json stored = reference();
  for (const auto& entry : stored.at("randperm")) {
    INFO(entry.dump().substr(0, 60));
    Mt19937 generator(entry.at("seed").get<std::uint64_t>());
    check_order(randperm(entry.at("n"), generator), entry.at("order"));
  }
}

TEST_CASE("mt19937: one generator handed from distribution to distribution consumes the same draws as torch") {
  const json expected = reference().at("one_generator_seed_42");
  Mt19937 generator(42);
  for (const auto& value : expected.at("random_int64")) CHECK(generator.next_int64() == value.get<std::int64_t>());
  std::vector<float> rand(4);
  for (float& value : rand) value = generator.next_float();
  check_bits(rand, expected.at("rand"));
  std::vector<std::uint8_t> mask(40);
  bernoulli_(mask, 0.9, generator);
  CHECK(mask == expected.at("bernoulli").get<std::vector<std::uint8_t>>());
  check_order(randperm(20, generator), expected.at("randperm"));
  check_bits(normal(5, 0.3, 1.7, generator), expected.at("normal_5"));
  std::vector<float> uniform(9);
  uniform_(uniform, -0.1, 0.3, generator);
  check_bits(uniform, expected.at("uniform"));
  check_bits(normal(1, 0.0, 1.0, generator), expected.at("normal_1"));
  check_bits(normal(17, 0.0, 0.02, generator), expected.at("normal_17"));
}

TEST_CASE("mt19937: normal_ equals torch bit for bit, in blocks, with a tail and below 16 values") {
  const json stored = reference();
  for (const auto& entry : stored.at("normal")) {
    Mt19937 generator(entry.at("seed").get<std::uint64_t>());
    for (const auto& tensor : entry.at("tensors")) {
      INFO("seed " << entry.at("seed") << ", n " << tensor.at("n"));
      check_bits(normal(tensor.at("n"), entry.at("mean"), entry.at("std"), generator), tensor.at("values"));
    }
  }
}

TEST_CASE("mt19937: uniform_ equals torch") {
  const json stored = reference();
  for (const auto& entry : stored.at("uniform")) {
    Mt19937 generator(entry.at("seed").get<std::uint64_t>());
    std::vector<float> values(5000);
    uniform_(values, entry.at("low"), entry.at("high"), generator);
    check_bits(values, entry.at("values"));
  }
}

TEST_CASE("mt19937: the portable normal blocks give the same bits as the vector ones") {
  Mt19937 generator(3);
  std::vector<float> uniform(16 * 4096);
  for (float& value : uniform) value = generator.next_float();
  // the ends of the range, where the logarithm and the quadrant switch
  const float edges[] = {0.0f, 1.0f - 0x1p-24f, 0x1p-24f, 0.5f, 0.25f, 0.75f, 0.125f, 0.29289323f,
                         0.0f, 1.0f - 0x1p-24f, 0x1p-24f, 0.5f, 0.25f, 0.75f, 0.125f, 0.875f};
  std::copy(std::begin(edges), std::end(edges), uniform.begin());
  auto portable = uniform;
  auto dispatched = uniform;
  detail::normal_blocks_portable(portable.data(), 4096, 0.1f, 0.02f);
  detail::normal_blocks(dispatched.data(), 4096, 0.1f, 0.02f);
  CHECK(portable == dispatched);
}

TEST_CASE("mt19937: a restored state continues, including the kept normal value") {
  Mt19937 generator(42);
  generator.discard(1000);
  (void)normal(3, 0.0, 1.0, generator);
  const auto saved = generator.state();
  CHECK(saved.next_normal.has_value());
  const auto expected = normal(20, 0.0, 1.0, generator);
  const auto next = generator.next_normal();
  Mt19937 other(7);
  other.restore(saved);
  CHECK(other.state() == saved);
  CHECK(normal(20, 0.0, 1.0, other) == expected);
  CHECK(other.next_normal() == next);
  generator.seed(42);
  CHECK(generator.state() == Mt19937(42).state());
}

TEST_CASE("mt19937: errors") {
  Mt19937 generator;
  std::vector<float> values(4);
  std::vector<std::uint8_t> mask(4);
  auto state = generator.state();
  state.position = 625;
  TL_REQUIRE_ERROR(generator.restore(state), "Mt19937 state: expected a position in [0, 624], got 625");
  TL_REQUIRE_ERROR(normal_(values, 0, -1, generator), "normal_: expected std >= 0, got -1");
  TL_REQUIRE_ERROR(uniform_(values, 2, 1, generator), "uniform_: expected from <= to, got from 2 and to 1");
  TL_REQUIRE_ERROR(bernoulli_(mask, 1.5, generator), "bernoulli_: expected a probability in [0, 1], got 1.5");
  TL_REQUIRE_ERROR(randperm(-1, generator), "randperm: expected n in [0, 214748364), got -1");
  TL_REQUIRE_ERROR(randperm(214748364, generator), "got 214748364");
}

TEST_CASE("pcg64: permutation equals numpy.random.default_rng(seed).permutation(n)") {
  const json stored = reference();
  for (const auto& entry : stored.at("numpy_permutation")) {
    INFO(entry.dump().substr(0, 60));
    check_order(Pcg64(entry.at("seed").get<std::uint64_t>()).permutation(entry.at("n")), entry.at("order"));
  }
  TL_REQUIRE_ERROR(Pcg64(0).permutation(-2), "permutation: expected n >= 0, got -2");
}

TEST_CASE("pcg64: raw draws and wide intervals") {
  Pcg64 generator(42);
  CHECK(static_cast<double>(generator.next_u64() >> 11) * 0x1p-53 == 0.7739560485559633);  // default_rng(42).random()
  for (int i = 0; i < 100; ++i) CHECK(generator.interval((std::uint64_t{1} << 40) + 3) <= (std::uint64_t{1} << 40) + 3);
  CHECK(generator.interval(0) == 0);
}

TEST_CASE("philox: the known answers of Random123") {
  using Block = std::array<std::uint32_t, 4>;
  STATIC_REQUIRE(philox({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  STATIC_REQUIRE(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  STATIC_REQUIRE(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
                 Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("mt19937: every stored head and initialisation of the reference collection") {
  const auto path = test::shared_file("reference/verified/head_init.json");
  if (!path) TL_SKIP("the shared reference collection is not at hand");
  const json stored = json::parse(test::read_text(*path));
  const auto count = [](const json& tensor) {
    std::size_t n = 1;
    for (const auto& extent : tensor.at("shape")) n *= extent.get<std::size_t>();
    return n;
  };
  const auto digest = [](const std::vector<float>& values) { return test::sha256(std::as_bytes(std::span(values))); };
  for (const char* group : {"from_pretrained", "normal_"}) {
    for (const auto& entry : stored.at(group)) {
      Mt19937 generator(entry.at("seed").get<std::uint64_t>());
      for (const auto& tensor : entry.at("tensors"))
        CHECK(digest(normal(count(tensor), 0.0, entry.at("std"), generator)) == tensor.at("sha256").get<std::string>());
    }
  }
  const json& config = stored.at("from_config");
  Mt19937 generator(config.at("seed").get<std::uint64_t>());
  std::size_t drawn = 0;
  for (const auto& tensor : config.at("tensors")) {
    const auto offset = tensor.at("offset").get<std::size_t>();
    generator.discard(offset - drawn);
    const std::size_t n = count(tensor);
    auto values = normal(n, 0.0, config.at("std"), generator);
    drawn = offset + n + (n % 16 != 0 ? 16 : 0);
    if (tensor.at("name").get<std::string>().find("word_embeddings") != std::string::npos)
      std::fill_n(values.begin(), tensor.at("shape").at(1).get<std::size_t>(), 0.0f);
    INFO(tensor.at("name"));
    CHECK(digest(values) == tensor.at("sha256").get<std::string>());
  }
  CHECK(drawn == config.at("draws_in_total").get<std::size_t>());
}

TEST_CASE("random: every stored permutation of the reference collection") {
  const auto path = test::shared_file("reference/verified/permutations.json");
  if (!path) TL_SKIP("the shared reference collection is not at hand");
  const json stored = json::parse(test::read_text(*path));
  for (const auto& entry : stored.at("torch_randperm")) {
    Mt19937 generator(entry.at("seed").get<std::uint64_t>());
    if (entry.contains("note")) (void)randperm(entry.at("n"), generator);
    check_order(randperm(entry.at("n"), generator), entry.at("order"));
  }
  const json& draws = stored.at("torch_generator_seed42");
  Mt19937 generator(42);
  for (const auto& value : draws.at("random_int64")) CHECK(generator.next_int64() == value.get<std::int64_t>());
  for (const auto& value : draws.at("rand_float")) CHECK(generator.next_float() == value.get<float>());
  for (const auto& value : draws.at("bernoulli_half"))
    CHECK((generator.next_float() < 0.5f) == (value.get<int>() == 1));
  for (const auto& entry : stored.at("datasets_shuffle"))
    check_order(Pcg64(entry.at("seed").get<std::uint64_t>()).permutation(entry.at("n")), entry.at("order"));
}
