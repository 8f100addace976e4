// The fold of a BERT encoder into DistilBERT's format: values, names, configuration, and everything it refuses.
#include <tl/models/bert_conversion.hpp>

#include "../../examples/support/tiny_bert.hpp"
#include "support/catch.hpp"
#include "support/reference.hpp"

namespace {

namespace fs = std::filesystem;

/// A tiny BERT in `in` beside a free name `out`.
struct Fixture {
  tl::test::TemporaryFolder folder;
  fs::path in = folder / "in", out = folder / "out";

  Fixture() { example::write_tiny_bert(in, example::make_tokenizer({"a small text of words"})); }

  /// Nothing: the key is removed.
  void change_config(const char* key, const std::optional<tl::Json>& value) {
    tl::Json config = tl::read_json(in / "config.json");
    if (value) config[key] = *value;
    else config.erase(key);
    tl::write_json(in / "config.json", config);
  }

  /// Rewrites the checkpoint: `change` may rename a tensor, drop it (empty name), or change its values.
  template <class Change> void change_tensors(Change&& change, tl::StoredDType dtype = tl::StoredDType::f32) {
    std::list<std::vector<float>> floats;
    std::list<std::vector<tl::bfloat16>> halves;
    std::vector<tl::SafetensorView> tensors;
    {
      const tl::SafetensorsReader reader(in);
      for (const auto& tensor : reader.tensors()) {
        auto& values = floats.emplace_back(static_cast<std::size_t>(tensor.shape.elements()));
        tl::read_floats(tensor, values);
        const std::string name = change(tensor.name);
        if (name.empty()) continue;
        if (dtype == tl::StoredDType::f32) {
          tensors.push_back(tl::safetensor_view<float>(name, tensor.shape, values));
        } else {
          auto& narrow = halves.emplace_back(values.begin(), values.end());
          tensors.push_back(tl::safetensor_view<tl::bfloat16>(name, tensor.shape, narrow));
        }
      }
    }
    tl::write_safetensors(in / "model.safetensors", tensors);
  }
};

std::vector<float> values(const tl::SafetensorsReader& reader, const std::string& name) {
  std::vector<float> result(static_cast<std::size_t>(reader.at(name).shape.elements()));
  tl::read_floats(reader.at(name), result);
  return result;
}

}  // namespace

TEST_CASE("convert_bert adds token type 0 to the positions and renames the rest") {
  const Fixture f;
  const auto report = tl::convert_bert(f.in, f.out);
  const tl::SafetensorsReader bert(f.in), distilbert(f.out);
  CHECK(report.tensors == 36);
  CHECK(report.tensors == static_cast<std::int64_t>(distilbert.tensors().size()));
  CHECK(report.unused == std::vector<std::string>{"pooler.dense.bias", "pooler.dense.weight"});

  const auto position = values(bert, "embeddings.position_embeddings.weight");
  const auto type = values(bert, "embeddings.token_type_embeddings.weight");
  auto expected = position;
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = position[i] + type[i % 32];
  CHECK(values(distilbert, "distilbert.embeddings.position_embeddings.weight") == expected);
  CHECK(expected != position);
  for (const auto& [from, to] : tl::detail::bert_layer_names)
    CHECK(values(distilbert, tl::str_cat("distilbert.transformer.layer.1.", to, ".weight")) ==
          values(bert, tl::str_cat("encoder.layer.1.", from, ".weight")));

  const auto config = tl::DistilBertConfig::from_pretrained(f.out);
  CHECK(config.dim == 32);
  CHECK(config.hidden_dim == 64);
  CHECK(config.n_layers == 2);
  CHECK(config.n_heads == 4);
  CHECK(config.max_position_embeddings == 64);
  const auto tokenizer = tl::Tokenizer::from_pretrained(f.out);
  CHECK(tokenizer.vocab_size() == config.vocab_size);
  CHECK(tl::read_json(f.out / "tokenizer_config.json").at("tokenizer_class") == "DistilBertTokenizer");
}

TEST_CASE("convert_bert takes prefixes, older names of layer norm parameters, and narrow types") {
  Fixture plain;
  tl::convert_bert(plain.in, plain.out);
  const auto expected = tl::test::read_text(plain.out / "model.safetensors");

  Fixture renamed;
  renamed.change_tensors([](std::string name) {
    if (name.ends_with("LayerNorm.weight")) name.replace(name.size() - 6, 6, "gamma");
    if (name.ends_with("LayerNorm.bias")) name.replace(name.size() - 4, 4, "beta");
    return "bert." + name;
  });
  const auto report = tl::convert_bert(renamed.in, renamed.out);
  CHECK(report.unused == std::vector<std::string>{"bert.pooler.dense.bias", "bert.pooler.dense.weight"});
  CHECK(tl::test::read_text(renamed.out / "model.safetensors") == expected);

  Fixture narrow;
  narrow.change_tensors([](const std::string& name) { return name; }, tl::StoredDType::bf16);
  tl::convert_bert(narrow.in, narrow.out);
  CHECK(tl::SafetensorsReader(narrow.out).tensors().front().dtype == tl::StoredDType::f32);
}

TEST_CASE("convert_bert refuses what is not a BERT encoder that DistilBERT can express") {
  Fixture f;
  const auto refuses_config = [&f](const char* key, const std::optional<tl::Json>& value, const char* sentence) {
    const auto before = tl::read_json(f.in / "config.json");
    f.change_config(key, value);
    TL_REQUIRE_ERROR(tl::convert_bert(f.in, f.out), sentence);
    tl::write_json(f.in / "config.json", before);
    CHECK_FALSE(fs::exists(f.out));
  };
  const std::optional<tl::Json> absent;
  refuses_config("model_type", "roberta", "expected \"model_type\": \"bert\", got roberta");
  refuses_config("model_type", "distilbert", "which needs no conversion");
  refuses_config("model_type", 3, "expected a string for \"model_type\"");
  refuses_config("position_embedding_type", "relative_key",
                 "expected \"position_embedding_type\": \"absolute\", got relative_key");
  refuses_config("is_decoder", true, "expected an encoder, got \"is_decoder\": true");
  refuses_config("hidden_size", absent, "expected an integer for \"hidden_size\", it is missing");
  refuses_config("hidden_size", "wide", "expected an integer for \"hidden_size\", string");
  refuses_config("hidden_size", 48, "expected [1");
  refuses_config("hidden_dropout_prob", "much", "expected a number for \"hidden_dropout_prob\", got string");
  refuses_config("layer_norm_eps", 1e-5, "expected \"layer_norm_eps\": 1e-12");
  refuses_config("hidden_act", "prelu", "activation: expected ");
  refuses_config("num_hidden_layers", 3,
                 "expected the tensor encoder.layer.2.attention.self.query.weight of a BERT encoder");

  tl::write_json(f.in / "config.json", tl::Json::array());
  TL_REQUIRE_ERROR(tl::convert_bert(f.in, f.out), "expected a JSON object, got array");
  fs::remove(f.in / "config.json");
  TL_REQUIRE_ERROR(tl::convert_bert(f.in, f.out), "expected config.json in");
  TL_REQUIRE_ERROR(tl::convert_bert(f.folder / "nowhere", f.out), "which is not a folder");
}

TEST_CASE("convert_bert needs a tokenizer and a free place") {
  Fixture f;
  fs::create_directories(f.out);
  tl::write_file(f.out / "notes.txt", "mine");
  TL_REQUIRE_ERROR(tl::convert_bert(f.in, f.out), "expected a new or empty folder to write to");
  TL_REQUIRE_ERROR(tl::convert_bert(f.in, f.out / "new" / ".."), "expected a new or empty folder to write to");
  CHECK(fs::exists(f.out / "notes.txt"));
  fs::remove(f.out / "notes.txt");
  CHECK_NOTHROW(tl::convert_bert(f.in, f.out));

  tl::write_file(f.folder / "file", "");
  TL_REQUIRE_ERROR(tl::convert_bert(f.in, f.folder / "file" / "out"), "file");

  tl::write_json(f.in / "tokenizer_config.json", tl::Json::array());
  TL_REQUIRE_ERROR(tl::convert_bert(f.in, f.folder / "other"), "expected a JSON object, got array");
  fs::remove(f.in / "tokenizer_config.json");
  tl::write_file(f.in / "tokenizer.json", "{\"model\": 3}");
  TL_REQUIRE_ERROR(tl::convert_bert(f.in, f.folder / "other"), "tokenizer.json");
  fs::remove(f.in / "tokenizer.json");
  fs::remove(f.in / "vocab.txt");
  TL_REQUIRE_ERROR(tl::convert_bert(f.in, f.folder / "other"), "expected tokenizer.json or vocab.txt");
  fs::rename(f.in / "model.safetensors", f.in / "pytorch_model.bin");
  TL_REQUIRE_ERROR(tl::convert_bert(f.in, f.folder / "other"), "got pytorch_model.bin only, which is a pickle");
  CHECK_FALSE(fs::exists(f.folder / "other"));
}
