// tl tokenize: ids, tokens and offsets of texts, one JSON object per line.
#include <algorithm>
#include <array>
#include <chrono>
#include <memory>

#include <tl/io/json.hpp>
#include <tl/text/tokenizer.hpp>

#include "commands.hpp"
#include "hub_options.hpp"
#include "texts.hpp"

namespace program {

namespace {

struct TokenizeOptions {
  std::string model, tokenizer;
  HubOptions hub;
  TextOptions source;
  bool special_tokens = true;
  bool bench = false;
  bool json = true;  // there is no other form; the flag is taken so that it can be given as to tl predict
};

constexpr std::size_t large = std::size_t{1} << 20;  // bytes of texts whose tokens are not held all at once

/// Prints one text in three passes over its tokens, so that the memory is that of the text, not of its answer.
void print_large(const tl::Tokenizer& tokenizer, const std::string& text, const tl::EncodeOptions& options) {
  const auto list = [&](const char* before, const auto& print) {
    const char* between = before;
    tokenizer.for_each_token(text, options,
                             [&](std::int32_t id, std::string_view token, std::int32_t begin, std::int32_t end) {
                               std::cout << between;
                               print(id, token, begin, end);
                               between = ", ";
                             });
    if (between == before) std::cout << before;
  };
  list("{\"input_ids\": [", [](std::int32_t id, std::string_view, std::int32_t, std::int32_t) { std::cout << id; });
  list("], \"tokens\": [", [](std::int32_t, std::string_view token, std::int32_t, std::int32_t) {
    std::cout << tl::dump_json(tl::Json(std::string(token)), {.indent = -1, .sort_keys = false, .ensure_ascii = false});
  });
  list("], \"offsets\": [", [](std::int32_t, std::string_view, std::int32_t begin, std::int32_t end) {
    std::cout << '[' << begin << ", " << end << ']';
  });
  std::cout << "]}\n";
}

void print_all(const tl::Tokenizer& tokenizer, TextSource& source, const tl::EncodeOptions& options) {
  for (;;) {
    const auto piece = source.next(1024);
    if (piece.texts.empty()) return;
    std::size_t bytes = 0;
    for (const std::string& text : piece.texts) bytes += text.size();
    if (bytes > large) {
      const auto print_one = [&](const std::string& text) { print_large(tokenizer, text, options); };
      encode_piece(
          piece,
          [&](const auto& texts) {
            for (const auto& text : texts) tokenizer.for_each_token(text, options, [](auto...) {});
          },
          [&](const std::string& text) { tokenizer.for_each_token(text, options, [](auto...) {}); });
      for (const std::string& text : piece.texts) print_one(text);
      flush_answers();
      continue;
    }
    const auto encodings = encode_piece(
        piece, [&](const auto& texts) { return tokenizer.encode_batch(texts, options); },
        [&](const std::string& text) { (void)tokenizer.encode(text, options); });
    for (const tl::Encoding& encoding : encodings) {
      const tl::Json line = {
          {"input_ids", encoding.input_ids}, {"tokens", encoding.tokens}, {"offsets", encoding.offsets}};
      std::cout << tl::dump_json(line, {.indent = -1, .sort_keys = false, .ensure_ascii = false}) << '\n';
    }
    flush_answers();
  }
}

constexpr int passes = 5;

/// Reads all texts first, so that the clock counts nothing but their way to ids.
void measure(const tl::Tokenizer& tokenizer, TextSource& source, const tl::EncodeOptions& options) {
  std::vector<std::string> texts;
  for (;;) {
    auto piece = source.next(65536);
    if (piece.texts.empty()) break;
    std::move(piece.texts.begin(), piece.texts.end(), std::back_inserter(texts));
  }
  std::size_t tokens = 0, bytes = 0;
  for (const auto& text : texts) bytes += text.size();
  std::array<double, passes> seconds{};
  for (double& pass : seconds) {
    const auto start = std::chrono::steady_clock::now();
    const auto ids = tokenizer.encode_ids(texts, options);
    pass = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    tokens = 0;
    for (const auto& row : ids) tokens += row.size();
  }
  std::sort(seconds.begin(), seconds.end());
  const tl::Json line = {
      {"seconds", seconds[passes / 2]}, {"texts", texts.size()}, {"tokens", tokens}, {"bytes", bytes}};
  std::cout << tl::dump_json(line, {.indent = -1, .sort_keys = false}) << '\n';
}

void tokenize(const TokenizeOptions& options) {
  const auto tokenizer = tl::Tokenizer::from_pretrained(options.tokenizer.empty() ? options.model : options.tokenizer,
                                                        {.hub = options.hub.options()});
  const tl::EncodeOptions how = options.source.encode_options(tokenizer, {}, options.special_tokens);
  TextSource source(options.source);
  options.bench ? measure(tokenizer, source, how) : print_all(tokenizer, source, how);
}

}  // namespace

void add_tokenize(CLI::App& app) {
  const auto options = std::make_shared<TokenizeOptions>();
  CLI::App& command = *app.add_subcommand("tokenize", "Prints ids, tokens and offsets of texts as JSON lines");
  command.add_option("--model_name_or_path", options->model, "name or folder of a model with a tokenizer");
  add_tokenizer_name(command, options->tokenizer);
  options->hub.add(command);
  options->source.add(command);
  add_bool(command, "add_special_tokens", options->special_tokens, "put [CLS] and [SEP] around a text; default: true");
  add_bool(command, "json", options->json, "JSON lines, the only form there is");
  add_bool(command, "bench", options->bench,
           "print only how long all texts take to become ids: the median of 5 passes");
  add_threads(command);
  const auto check = [options] {
    options->source.check();
    if (options->model.empty() && options->tokenizer.empty())
      usage_problems().emplace_back("--model_name_or_path or --tokenizer_name is required");
    if (!options->json) usage_problems().emplace_back("--json: tl tokenize prints JSON lines only");
  };
  on_run(
      command, [options] { tokenize(*options); }, check);
}

}  // namespace program
