// make_tiny_bert FOLDER TEXTS.jsonl: writes the tiny BERT for the tests of the program.
#include <exception>
#include <iostream>

#include <tl/data/json_lines.hpp>

#include "tiny_bert.hpp"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: make_tiny_bert FOLDER TEXTS.jsonl\n";
    return 2;
  }
  try {
    const auto texts = tl::load_jsonl(argv[2]).column<std::string>("text").to_vector();
    example::write_tiny_bert(argv[1], example::make_tokenizer(texts));
  } catch (const std::exception& error) {
    std::cerr << "make_tiny_bert: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
