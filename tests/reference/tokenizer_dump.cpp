// Writes what tl's tokenizer makes of texts, for compare_tokenizer_parts.py and compare_tokens.py to compare with the
// reference:
//   tl_tokenizer_dump FOLDER CASES.jsonl [SAVED_FOLDER]
//   tl_tokenizer_dump --label_all_tokens FOLDER TAGGED.jsonl LENGTH
// Every line of CASES.jsonl is a text, or a pair of texts as an array. One JSON object a line goes to the standard
// output. With SAVED_FOLDER the tokenizer is saved there, too. Lines of TAGGED.jsonl have tokens and ner_tags; what is
// written are the ids and labels of texts that are cut to LENGTH tokens.
#include <fstream>
#include <iostream>
#include <string>

#include <tl/data/json_lines.hpp>
#include <tl/data/tag_labels.hpp>
#include <tl/text/tokenizer.hpp>
#include <tl/train/tokenized_words.hpp>

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

void dump_labels(const tl::Tokenizer& tokenizer, const std::filesystem::path& tagged, int length) {
  const tl::TagLabels tags = tl::encode_tags(tl::load_jsonl(tagged, {.columns = {"tokens", "ner_tags"}}));
  const tl::Dataset rows =
      tl::tokenize_and_align_labels(tags.dataset, tokenizer,
                                    {.max_length = length, .label_all_tokens = true, .names = tags.names})
          .rows;
  const auto ids = rows.column<std::vector<std::int32_t>>("input_ids");
  const auto labels = rows.column<std::vector<std::int32_t>>("labels");
  for (std::int64_t row = 0; row < rows.num_rows(); ++row)
    std::cout << tl::dump_json(tl::Json{{"ids", ids[row]}, {"labels", labels[row]}}, {.indent = -1}) << '\n';
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const std::vector<std::string> names(arguments, arguments + count);
    if (count == 5 && names[1] == "--label_all_tokens") {
      dump_labels(tl::Tokenizer::from_pretrained(names[2]), names[3], std::stoi(names[4]));
      return 0;
    }
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
