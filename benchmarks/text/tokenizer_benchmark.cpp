// The tokenizer in texts and bytes per second. Without further ado: a synthetic vocabulary of 30000 pieces and
// synthetic texts with the statistics of reviews (Zipf-distributed words, about 60 words a text, a tenth of them
// unknown). TL_TOKENIZER_DIR names a real tokenizer folder, TL_TOKENIZER_TEXTS a file with one text a line.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <tl/core/parallel.hpp>
#include <tl/text/tokenizer.hpp>

namespace {

std::string random_word(std::mt19937& random) {
  static const char* const syllables[] = {"ba", "ter", "in",  "co", "la", "men", "ti",  "so", "re",
                                          "un", "ka",  "der", "e",  "o",  "st",  "ing", "ly", "s"};
  std::string out;
  for (auto i = 1 + random() % 4; i > 0; --i) out += syllables[random() % std::size(syllables)];
  return out;
}

std::vector<std::string> synthetic_vocabulary() {
  std::mt19937 random(1);
  std::vector<std::string> pieces{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  for (char c = '!'; c <= '~'; ++c) {
    pieces.push_back(std::string(1, c));
    pieces.push_back(std::string("##") + c);
  }
  std::set<std::string> seen(pieces.begin(), pieces.end());
  while (pieces.size() < 30000) {
    const std::string piece = (random() % 4 == 0 ? "##" : "") + random_word(random);
    if (seen.insert(piece).second) pieces.push_back(piece);
  }
  return pieces;
}

const tl::Tokenizer& tokenizer() {
  static const tl::Tokenizer instance = [] {
    const char* folder = std::getenv("TL_TOKENIZER_DIR");
    return folder ? tl::Tokenizer::from_pretrained(folder) : tl::Tokenizer::from_vocabulary(synthetic_vocabulary());
  }();
  return instance;
}

std::vector<std::string> make_texts(bool accents) {
  std::vector<std::string> texts;
  if (const char* path = std::getenv("TL_TOKENIZER_TEXTS"); path && !accents) {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line) && texts.size() < 5000;) texts.push_back(line);
    return texts;
  }
  std::mt19937 random(2);
  const auto pieces = synthetic_vocabulary();
  std::vector<std::string> words;
  for (const std::string& piece : pieces)
    if (piece[0] != '#' && piece[0] != '[' && piece.size() > 1) words.push_back(piece);
  std::sort(words.begin(), words.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  for (int i = 0; i < 2000; ++i) {
    std::string& text = texts.emplace_back();
    for (auto n = 20 + random() % 80; n > 0; --n) {
      const double rank = std::pow(static_cast<double>(words.size()), static_cast<double>(random() % 10000) / 10000.0);
      std::string word =
          random() % 10 == 0 ? random_word(random) + random_word(random) : words[static_cast<std::size_t>(rank) - 1];
      if (random() % 12 == 0) word[0] = static_cast<char>(word[0] - 32);
      if (accents && random() % 3 == 0) word += "\u00e9";
      text += word + (random() % 9 == 0 ? ", " : random() % 15 == 0 ? ". " : " ");
    }
  }
  return texts;
}

const std::vector<std::string>& texts(bool accents) {
  static const std::vector<std::string> plain = make_texts(false), accented = make_texts(true);
  return accents ? accented : plain;
}

void declare(benchmark::State& state, const std::vector<std::string>& batch, std::size_t tokens) {
  std::size_t bytes = 0;
  for (const auto& text : batch) bytes += text.size();
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(batch.size()));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes));
  state.counters["tokens"] =
      benchmark::Counter(static_cast<double>(tokens), benchmark::Counter::kIsIterationInvariantRate);
}

// Runs `call` on the texts with the number of threads in the argument (0: all).
template <class Call> void run(benchmark::State& state, bool accents, Call&& call) {
  const auto& batch = texts(accents);
  const int before = tl::num_threads();
  if (state.range(0) > 0) tl::set_num_threads(static_cast<int>(state.range(0)));
  std::size_t tokens = 0;
  for (auto _ : state) {
    tokens = 0;
    for (const auto& row : call(batch)) tokens += row.size();
  }
  tl::set_num_threads(before);
  declare(state, batch, tokens);
}

void encode_ids(benchmark::State& state) {
  run(state, false, [](const auto& batch) { return tokenizer().encode_ids(batch); });
}
BENCHMARK(encode_ids)->ArgName("threads")->Arg(1)->Arg(0)->UseRealTime()->Unit(benchmark::kMillisecond);

void encode_ids_truncated(benchmark::State& state) {
  run(state, false,
      [](const auto& batch) { return tokenizer().encode_ids(batch, {.truncation = true, .max_length = 32}); });
}
BENCHMARK(encode_ids_truncated)->ArgName("threads")->Arg(1)->UseRealTime()->Unit(benchmark::kMillisecond);

void encode_ids_accents(benchmark::State& state) {
  run(state, true, [](const auto& batch) { return tokenizer().encode_ids(batch); });
}
BENCHMARK(encode_ids_accents)->ArgName("threads")->Arg(1)->UseRealTime()->Unit(benchmark::kMillisecond);

void encode_batch(benchmark::State& state) {
  run(state, false, [](const auto& batch) { return tokenizer().encode_batch(batch); });
}
BENCHMARK(encode_batch)->ArgName("threads")->Arg(1)->Arg(0)->UseRealTime()->Unit(benchmark::kMillisecond);

void build_vocabulary(benchmark::State& state) {
  const auto pieces = synthetic_vocabulary();
  for (auto _ : state) benchmark::DoNotOptimize(tl::Tokenizer::from_vocabulary(pieces));
}
BENCHMARK(build_vocabulary)->Unit(benchmark::kMillisecond);

void load_folder(benchmark::State& state) {
  const char* given = std::getenv("TL_TOKENIZER_DIR");
  const auto folder =
      given ? std::filesystem::path(given) : std::filesystem::temp_directory_path() / "tl_tokenizer_benchmark";
  if (!given) tokenizer().save_pretrained(folder);
  for (auto _ : state) benchmark::DoNotOptimize(tl::Tokenizer::from_pretrained(folder));
  if (!given) std::filesystem::remove_all(folder);
}
BENCHMARK(load_folder)->Unit(benchmark::kMillisecond);

}  // namespace
