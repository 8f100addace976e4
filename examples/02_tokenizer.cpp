// A tokenizer turns text into the integers that a model was trained on. tl reads the same tokenizer.json or vocab.txt
// as the Python stack and gives the same ids, tokens and offsets. Offsets count code points of the original text, so
// they find every token again, whatever was lower-cased or stripped on the way.
#include <iostream>

#include <tl/text/tokenizer.hpp>

#include "support/inputs.hpp"

namespace {

template <class List> void print(const char* title, const List& list) {
  std::cout << title << ':';
  for (const auto& item : list) std::cout << ' ' << item;
  std::cout << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  const example::Scratch scratch;
  const auto tokenizer = tl::Tokenizer::from_pretrained(example::model(argc, argv, scratch));
  std::cout << tokenizer.vocab_size() << " tokens, at most " << tokenizer.model_max_length().value_or(0)
            << " per text\n";

  // One text: [CLS] and [SEP] are put around it.
  const tl::Encoding one = tokenizer.encode("The café wasn't bad!");
  print("tokens", one.tokens);
  print("ids", one.input_ids);
  for (std::size_t i = 0; i < one.size(); ++i)
    std::cout << "  " << one.tokens[i] << " = code points " << one.offsets[i].first << " to " << one.offsets[i].second
              << '\n';
  std::cout << "decoded: " << tokenizer.decode(one.input_ids, {.skip_special_tokens = true}) << '\n';

  // A pair: the second text has token type 1 where a model cares.
  const tl::Encoding pair = tokenizer.encode_pair("Was it good?", "It was.");
  print("pair", pair.tokens);
  print("types", pair.token_type_ids);

  // Truncation keeps the special tokens; what is cut off can be had as overlapping windows.
  const tl::Encoding cut = tokenizer.encode("one two three four five six", {.max_length = 6, .stride = 1});
  print("cut", cut.tokens);
  for (const auto& window : cut.overflowing) print("  next", window.tokens);

  // Batches run on all threads. Padding is for people who need rectangles: tl's own models take packed sequences.
  const std::vector<std::string> texts{"short", "a little longer", "by far the longest of these three"};
  std::vector<tl::Encoding> batch = tokenizer.encode_batch(texts);
  tokenizer.pad(batch);
  for (const auto& row : batch) print("mask", row.attention_mask);

  // If only ids are wanted, encode_ids is several times faster.
  const auto ids = tokenizer.encode_ids(texts);
  std::cout << "ids of the last text: " << ids.back().size() << '\n';
  return ids.back().size() == batch.back().size() ? 0 : 1;
}
