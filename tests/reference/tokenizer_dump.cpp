// Writes what tl's tokenizer makes of texts, for compare_tokenizer_parts.py to compare with the reference:
//   tl_tokenizer_dump FOLDER CASES.jsonl [SAVED_FOLDER]
// Every line of CASES.jsonl is a text, or a pair of texts as an array. One JSON object a line goes to the standard
// output. With SAVED_FOLDER the tokenizer is saved there, too.
#include <fstream>
#include <iostream>
#include <string>

#include <tl/text/tokenizer.hpp>

namespace {

tl::Json to_json(const tl::Encoding& encoding) {
  tl::Json out = tl::Json::object();
  out["ids"] = encoding.input_ids;
  out["type_ids"] = encoding.token_type_ids;
  out["special_tokens_mask"] = encoding.special_tokens_mask;
  out["tokens"] = encoding.tokens;
  tl::Json& offsets = out["offsets"] = tl::Json::array();
  for (const auto& [begin, end] : encoding.offsets) {
    offsets.push_back(begin);
    offsets.push_back(end);
  }
  out["word_ids"] = encoding.word_ids;
  out["sequence_ids"] = encoding.sequence_ids;
  return out;
}

void dump(const tl::Tokenizer& tokenizer, const std::filesystem::path& cases) {
  std::ifstream in(cases);
  for (std::string line; std::getline(in, line);) {
    const tl::Json value = tl::parse_json(line, "case");
    if (value.is_array()) {
      const auto first = value.at(0).get<std::string>(), second = value.at(1).get<std::string>();
      std::cout << tl::dump_json(to_json(tokenizer.encode_pair(first, second)), {.indent = -1}) << '\n';
      continue;
    }
    const auto text = value.get<std::string>();
    const tl::Encoding encoding = tokenizer.encode(text);
    tl::check(tokenizer.encode_ids(std::vector{text})[0] == encoding.input_ids, tl::ErrorCode::state,
              "encode_ids: expected the ids of encode for ", line);
    std::cout << tl::dump_json(to_json(encoding), {.indent = -1}) << '\n';
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const std::vector<std::string> names(arguments, arguments + count);
    tl::check(count == 3 || count == 4, tl::ErrorCode::invalid_argument,
              "expected FOLDER CASES.jsonl [SAVED_FOLDER], got ", count - 1, " arguments");
    const auto tokenizer = tl::Tokenizer::from_pretrained(names[1]);
    if (count == 4) tokenizer.save_pretrained(names[3]);
    dump(tokenizer, names[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
