// Whose rules a tokenizer folder asks for. The class is named in tokenizer_config.json, else in config.json, else it
// follows from config.json's model_type, as in transformers 5. Bert's classes take the vocabulary of tokenizer.json and
// make everything else from the configuration; for the generic classes tokenizer.json decides alone; all other
// classes are refused by name, because their pieces would be others.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include <tl/core/error.hpp>
#include <tl/text/tokenizer_json.hpp>

namespace tl::detail::text {

struct TokenizerClass {
  std::string name;  // as it is saved
  bool bert;         // Bert's rules; otherwise those of tokenizer.json
};

/// Classes that are BertTokenizer under another name. All but the last two are aliases of it in transformers 5.
inline constexpr std::array<std::string_view, 10> bert_classes = {"BertTokenizer",
                                                                  "DistilBertTokenizer",
                                                                  "ElectraTokenizer",
                                                                  "MobileBertTokenizer",
                                                                  "SqueezeBertTokenizer",
                                                                  "LayoutLMTokenizer",
                                                                  "LxmertTokenizer",
                                                                  "ConvBertTokenizer",
                                                                  "DPRContextEncoderTokenizer",
                                                                  "DPRQuestionEncoderTokenizer"};

/// Classes that do what tokenizer.json says: of transformers 4, and of 5.
inline constexpr std::array<std::string_view, 4> generic_classes = {"PreTrainedTokenizerFast", "PreTrainedTokenizer",
                                                                    "TokenizersBackend", "PythonBackend"};

/// Values of model_type whose tokenizer is BertTokenizer.
inline constexpr std::array<std::string_view, 12> bert_model_types = {
    "bert",   "distilbert", "electra", "mobilebert", "squeezebert", "layoutlm",
    "lxmert", "convbert",   "ernie",   "nezha",      "visual_bert", "megatron-bert"};

template <std::size_t n> bool is_among(const std::array<std::string_view, n>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The class of this name. `where` is the file that names it.
inline TokenizerClass class_named(const std::string& name, const std::string& where) {
  if (is_among(generic_classes, name)) return {name, false};
  std::string plain = name;
  if (plain.ends_with("Fast")) plain.resize(plain.size() - 4);
  if (is_among(bert_classes, plain)) return {plain, true};
  fail(ErrorCode::format, where, ": tokenizer_class: expected a class with the rules of BertTokenizer or of ",
       "tokenizer.json (PreTrainedTokenizerFast, TokenizersBackend), got \"", name, "\", which tl does not have");
}

/// The class that auto_map names for code of the folder, empty if there is none.
inline std::string code_of_its_own(const JsonView& config) {
  const Json* map = find_member(config.value, "auto_map");
  if (map != nullptr && map->is_object()) map = find_member(*map, "AutoTokenizer");
  if (map != nullptr && map->is_string()) return map->get<std::string>();
  if (map == nullptr || !map->is_array()) return {};
  for (const Json& name : *map)
    if (name.is_string()) return name.get<std::string>();
  return {};
}

/// The class of the tokenizer in `folder`, whose tokenizer_config.json is `config`; `has_json`: it holds
/// tokenizer.json. Throws format, naming the class, for one whose rules tl does not have.
inline TokenizerClass tokenizer_class(const JsonView& config, const std::filesystem::path& folder, bool has_json) {
  const auto of_name = [has_json](const JsonView& from) {
    const TokenizerClass found = class_named(from.text("tokenizer_class"), from.where());
    check(found.bert || has_json, ErrorCode::format, from.where(), ": tokenizer_class \"", found.name,
          "\": expected tokenizer.json, which is all that this class reads, got vocab.txt only");
    return found;
  };
  if (config.has("tokenizer_class")) return of_name(config);
  const std::filesystem::path path = folder / "config.json";
  Json model = Json::object();
  if (path_exists(path)) model = read_json_object(path);
  const JsonView root{model, path.native()};
  if (root.has("tokenizer_class")) return of_name(root);
  const std::string own = code_of_its_own(config);
  check(own.empty(), ErrorCode::format, config.where(), ": auto_map: expected a tokenizer of BERT, got the class \"",
        own, "\", which is code of its own that tl does not have");
  const std::string type = root.text_or("model_type", "");
  if (type.empty())
    return has_json ? TokenizerClass{"PreTrainedTokenizerFast", false} : TokenizerClass{"DistilBertTokenizer", true};
  check(is_among(bert_model_types, type), ErrorCode::format, root.where(),
        ": model_type: expected one whose tokenizer ", "is BertTokenizer, got \"", type,
        "\"; tokenizer_config.json names no tokenizer_class");
  return {type == "distilbert" ? "DistilBertTokenizer" : "BertTokenizer", true};
}

}  // namespace tl::detail::text
