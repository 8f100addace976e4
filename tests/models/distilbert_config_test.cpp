#include <tl/models/distilbert_config.hpp>

#include <fstream>

#include "models/model_cases.hpp"
#include "support/growth.hpp"

using tl::DistilBertConfig;
using tl::Json;

namespace {

const nlohmann::json& config_cases() {
  static const auto parsed = nlohmann::json::parse(tl::test::read_text(tl::test::reference_file("config_cases.json")));
  return parsed;
}

DistilBertConfig parse(const std::string& text) {
  return DistilBertConfig::from_json(tl::parse_json(text, "config.json"), "config.json");
}

}  // namespace

TEST_CASE("configurations are read as the reference reads them") {
  for (const auto& c : config_cases().at("cases")) {
    INFO(c.at("name"));
    const auto config = parse(c.at("input"));
    CHECK(config.num_labels() == c.at("num_labels").get<std::int64_t>());
    CHECK(config.dim == c.at("dim").get<std::int64_t>());
    CHECK(config.n_layers == c.at("n_layers").get<std::int64_t>());
    CHECK(config.n_heads == c.at("n_heads").get<std::int64_t>());
    for (const auto& [id, name] : c.at("id2label").items()) CHECK(config.id2label.at(std::stoll(id)) == name);
  }
}

TEST_CASE("configurations are written as the reference writes them") {
  for (const auto& c : config_cases().at("cases")) {
    INFO(c.at("name"));
    const Json got = parse(c.at("input")).to_json("DistilBertForSequenceClassification");
    Json expected = tl::parse_json(c.at("saved").get<std::string>(), "saved");
    // The version of the program that wrote a file is its own affair; a loaded one is kept.
    Json mine = got;
    expected.erase("transformers_version");
    mine.erase("transformers_version");
    std::vector<std::string> got_keys, expected_keys;
    for (const auto& [key, value] : mine.items()) got_keys.push_back(key);
    for (const auto& [key, value] : expected.items()) expected_keys.push_back(key);
    CHECK(got_keys == expected_keys);  // in this order
    for (const auto& key : expected_keys) {
      INFO(key);
      if (mine.contains(key)) CHECK(mine[key] == expected[key]);
    }
  }
}

TEST_CASE("what is written reads back the same") {
  for (const auto& c : config_cases().at("cases")) {
    const auto once = parse(c.at("input")).to_json("X");
    const auto twice = DistilBertConfig::from_json(once, "again").to_json("X");
    CHECK(tl::str_cat(once) == tl::str_cat(twice));
  }
}

TEST_CASE("the defaults are those of distilbert-base") {
  const auto config = parse("{}");
  CHECK(config.vocab_size == 30522);
  CHECK(config.dim == 768);
  CHECK(config.seq_classif_dropout == 0.2);
  CHECK(config.pad_token_id == 0);
  CHECK(config.num_labels() == 2);
  CHECK(config.activation_function() == tl::Activation::gelu);
}

TEST_CASE("label rules") {
  SECTION("num_labels renames only if the number changes") {
    auto config = parse(R"({"id2label": {"0": "no", "1": "yes"}})");
    config.set_num_labels(2);
    CHECK(config.id2label.at(1) == "yes");
    config.set_num_labels(3);
    CHECK(config.id2label.at(1) == "LABEL_1");
    CHECK(config.label2id.at("LABEL_2") == 2);
    TL_REQUIRE_ERROR(config.set_num_labels(0), "num_labels: expected at least 1, got 0");
  }
  SECTION("names") {
    DistilBertConfig config;
    config.set_labels({"a", "b", "c"});
    CHECK(config.num_labels() == 3);
    CHECK(config.label2id.at("c") == 2);
    TL_REQUIRE_ERROR(config.set_labels({"a", "b", "a"}), "labels: the name \"a\" occurs twice");
    TL_REQUIRE_ERROR(config.set_labels({}), "labels: expected at least one name, got none");
  }
  SECTION("the inverse is derived from id2label") {
    CHECK(parse(R"({"id2label": {"0": "no", "1": "yes"}})").label2id.at("yes") == 1);
  }
  SECTION("num_labels in a file") {
    CHECK(parse(R"({"num_labels": 5})").id2label.at(4) == "LABEL_4");
    CHECK(parse(R"({"num_labels": 3, "id2label": null})").num_labels() == 3);
    TL_REQUIRE_ERROR(parse(R"({"num_labels": 0})"), "config.json: num_labels: expected at least 1, got 0");
    TL_REQUIRE_ERROR(parse(R"({"num_labels": -1})"), "config.json: num_labels: expected at least 1, got -1");
    TL_REQUIRE_ERROR(parse(R"({"num_labels": 1000000000000})"),
                     "config.json: num_labels: expected at most 1000000, got 1000000000000");
    TL_REQUIRE_ERROR(parse(R"({"num_labels": 18446744073709551615})"),
                     "config.json: expected an integer of 64 bits for \"num_labels\", got 18446744073709551615");
  }
  SECTION("num_labels wins over an id2label of another number, as in the reference's version 5") {
    const auto config = parse(R"({"id2label": {"0": "calm", "1": "glad", "2": "sad"}, "num_labels": 2})");
    CHECK(config.num_labels() == 2);
    CHECK(config.id2label.at(1) == "LABEL_1");
    CHECK(config.label2id.at("LABEL_1") == 1);
    CHECK(config.warnings == std::vector<std::string>{"config.json: \"num_labels\" is 2, \"id2label\" has 3 names; "
                                                      "the classes are LABEL_0 to LABEL_1"});
    const auto same = parse(R"({"id2label": {"0": "calm", "1": "glad"}, "num_labels": 2})");
    CHECK(same.id2label.at(1) == "glad");
    CHECK(same.warnings.empty());
    CHECK(parse(R"({"num_labels": null})").num_labels() == 2);
    TL_REQUIRE_ERROR(parse(R"({"num_labels": "2"})"), "config.json: expected an integer for \"num_labels\", got \"2\"");
  }
}

TEST_CASE("names in id2label may be numbers, its keys what int() reads") {
  const auto names = [](const std::string& id2label) {
    std::string all;
    for (const auto& [id, name] : parse("{\"id2label\": " + id2label + "}").id2label)
      all += tl::str_cat(id, '=', name, ' ');
    return all;
  };
  CHECK(names(R"({"0": 0, "1": 1})") == "0=0 1=1 ");
  CHECK(names(R"({"0": false, "1": true, "2": 2.5, "3": null, "4": 2.0})") == "0=False 1=True 2=2.5 3=None 4=2.0 ");
  CHECK(names(R"({" 0": "a", "01": "b", "+2 ": "c"})") == "0=a 1=b 2=c ");
  CHECK(names(R"({"0": "same", "1": "same"})") == "0=same 1=same ");
  CHECK(names(R"({"0": "a", "00": "b"})") == "0=b ");
  TL_REQUIRE_ERROR(names(R"({"1": "a", "2": "b"})"), "id2label: expected the ids 0 to 1, id 0 is missing");
  TL_REQUIRE_ERROR(names(R"({"-1": "a", "0": "b"})"), "id2label: expected the ids 0 to 1, id 1 is missing");
  for (const char* key : {"", " ", "+", "0.0", "1e0", "0x1", "1000000000", "one"})
    TL_REQUIRE_ERROR(names(tl::str_cat("{\"", key, "\": \"x\"}")),
                     tl::str_cat("expected \"id2label\" to map class numbers to names, got \"", key, "\": \"x\""));
}

TEST_CASE("label2id never keeps a model from being read: id2label counts, and one sentence says so") {
  const auto with = [](const std::string& label2id) {
    return parse(R"({"id2label": {"0": "neg", "1": "pos"}, "label2id": )" + label2id + "}");
  };
  const struct {
    const char *label2id, *warning;
  } cases[] = {
      {R"({"neg": 0, "pos": 1})", ""},
      {R"({"pos": 1, "neg": 0})", ""},
      {"null", ""},
      {R"({"neg": 0})", ""},
      {R"({"neg": "0", "pos": "1"})", R"(says "neg": "0", which "id2label" does not say)"},
      {R"({"neg": 0.0, "pos": 1.0})", R"(says "neg": 0.0, which)"},
      {R"({"LABEL_0": 0, "LABEL_1": 1})", R"(says "LABEL_0": 0, which)"},
      {R"({"neg": 1, "pos": 0})", R"(says "neg": 1, which)"},
      {R"({"neg": 0, "pos": 1, "more": 2})", R"(says "more": 2, which)"},
      {R"({"neg": 18446744073709551615})", R"(says "neg": 18446744073709551615, which)"},
      {R"({"neg": null})", R"(says "neg": null, which)"},
      {R"({"neg": [0]})", R"(says "neg": [0], which)"},
      {R"(["neg", "pos"])", R"(is not an object and is not used, got ["neg", "pos"])"},
      {"\"neg\"", "is not an object and is not used, got \"neg\""},
  };
  for (const auto& [label2id, warning] : cases) {
    INFO(label2id);
    const auto config = with(label2id);
    CHECK(config.id2label.at(1) == "pos");
    CHECK(config.label2id.at("pos") == 1);
    CHECK(config.label2id.size() == 2);
    REQUIRE(config.warnings.size() == (*warning ? 1 : 0));
    if (*warning) CHECK(config.warnings.front().find(warning) != std::string::npos);
    const Json saved = config.to_json("X");  // what is written is in order again
    CHECK(saved["label2id"] == tl::parse_json(R"({"neg": 0, "pos": 1})", "x"));
    CHECK(DistilBertConfig::from_json(saved, "saved").warnings.empty());
  }
  const auto unnamed = parse(R"({"label2id": {"no": 0, "yes": 1}})");
  CHECK(unnamed.id2label.at(1) == "LABEL_1");
  REQUIRE(unnamed.warnings.size() == 1);
  CHECK(unnamed.warnings.front() ==
        "config.json: \"label2id\" says \"no\": 0, which counts only with an \"id2label\"; "
        "the class names are LABEL_0, LABEL_1 ...");
  CHECK(parse(R"({"label2id": {"LABEL_0": 0, "LABEL_1": 1}})").warnings.empty());
}

TEST_CASE("the last of repeated keys counts") {
  CHECK(parse(R"({"n_layers": 6, "dim": 24, "n_layers": 2})").n_layers == 2);
  CHECK(parse(R"({"id2label": {"0": "a"}, "id2label": {"0": "b", "0": "c"}})").id2label.at(0) == "c");
}

TEST_CASE("time grows with the number of unknown keys") {
  const auto read = [](int keys) {
    std::string text = "{";
    for (int i = 0; i < keys; ++i) text += "\"key" + std::to_string(i) + "\":0,";
    text.back() = '}';
    const Json json = tl::parse_json(text, "config.json");
    return [json] { CHECK(DistilBertConfig::from_json(json, "config.json").to_json("X").size() > json.size()); };
  };
  CHECK(tl::test::growth(read(15000), read(30000)) < 2.5);
}

TEST_CASE("the kind of problem follows from the number of labels if nothing is said") {
  CHECK(parse("{}").resolved_problem_type() == "single_label_classification");
  CHECK(parse(R"({"id2label": {"0": "price"}})").resolved_problem_type() == "regression");
  CHECK(
      parse(R"({"id2label": {"0": "price"}, "problem_type": "single_label_classification"})").resolved_problem_type() ==
      "regression");
  CHECK(parse(R"({"id2label": {"0": "spam"}, "problem_type": "multi_label_classification"})").resolved_problem_type() ==
        "multi_label_classification");
  CHECK(parse(R"({"problem_type": "regression"})").resolved_problem_type() == "regression");
}

TEST_CASE("an error in a configuration names the file and the key") {
  TL_REQUIRE_ERROR(parse("[1]"), "config.json: expected a JSON object, got [1]");
  TL_REQUIRE_ERROR(parse(R"({"model_type": "bert"})"),
                   "config.json: expected \"model_type\": \"distilbert\", got \"bert\"");
  TL_REQUIRE_ERROR(parse(R"({"model_type": 3})"), "expected \"model_type\": \"distilbert\", got 3");
  TL_REQUIRE_ERROR(parse(R"({"dim": "wide"})"), "config.json: expected an integer for \"dim\", got \"wide\"");
  TL_REQUIRE_ERROR(parse(R"({"dim": 18446744073709551615})"),
                   "config.json: expected an integer of 64 bits for \"dim\", got 18446744073709551615");
  TL_REQUIRE_ERROR(parse(R"({"hidden_size": 1.5})"), "expected an integer for \"hidden_size\", got 1.5");
  TL_REQUIRE_ERROR(parse(R"({"dropout": "0.1"})"), "expected a number for \"dropout\", got \"0.1\"");
  TL_REQUIRE_ERROR(parse(R"({"activation": 1})"), "expected a string for \"activation\", got 1");
  TL_REQUIRE_ERROR(parse(R"({"sinusoidal_pos_embds": 1})"),
                   "expected true or false for \"sinusoidal_pos_embds\", got 1");
  TL_REQUIRE_ERROR(parse(R"({"pad_token_id": "x"})"), "expected an integer for \"pad_token_id\", got \"x\"");
  TL_REQUIRE_ERROR(parse(R"({"problem_type": 4})"), "expected a string for \"problem_type\", got 4");
  TL_REQUIRE_ERROR(parse(R"({"id2label": [1]})"), "expected an object for \"id2label\", got [1]");
  TL_REQUIRE_ERROR(parse(R"({"id2label": {"a": "x"}})"),
                   "expected \"id2label\" to map class numbers to names, got \"a\": \"x\"");
  TL_REQUIRE_ERROR(parse(R"({"id2label": {"0": [7]}})"), "to map class numbers to names, got \"0\": [7]");
  TL_REQUIRE_ERROR(parse(R"({"id2label": {}})"), "expected at least one class in \"id2label\", got none");
  TL_REQUIRE_ERROR(parse(R"({"id2label": {"0": "a", "2": "b"}})"),
                   "id2label: expected the ids 0 to 1, id 1 is missing");
}

TEST_CASE("impossible values are reported all at once") {
  const std::string sentence = tl::test::error_of([] {
    parse(R"({"vocab_size": 0, "n_layers": -1, "dim": 10, "n_heads": 3, "dropout": 1.5, "attention_dropout": -0.1,
              "seq_classif_dropout": 2, "qa_dropout": NaN, "initializer_range": -1, "pad_token_id": 5,
              "activation": "prelu", "hidden_dim": 0, "max_position_embeddings": 0})");
  });
  for (const auto* part :
       {"config.json: vocab_size: expected at least 1, got 0", "max_position_embeddings: expected at least 1, got 0",
        "n_layers: expected at least 1, got -1", "hidden_dim: expected at least 1, got 0",
        "dim: expected a multiple of n_heads = 3, got 10", "; dropout: expected a value in [0, 1], got 1.5",
        "attention_dropout: expected a value in [0, 1], got -0.1",
        "seq_classif_dropout: expected a value in [0, 1], got 2", "qa_dropout: expected a value in [0, 1], got nan",
        "initializer_range: expected at least 0, got -1", "pad_token_id: expected an id in [0, 0), got 5",
        "activation: expected one of gelu, gelu_python, gelu_new, ", ", sqrtsoftplus, linear, got prelu"}) {
    INFO(sentence << "\n" << part);
    CHECK(sentence.find(part) != std::string::npos);
  }
  TL_REQUIRE_ERROR(parse(R"({"n_heads": 0})"), "n_heads: expected at least 1, got 0");
  TL_REQUIRE_ERROR(parse(R"({"n_layers": 4294967296})"), "n_layers: expected at most 1000, got 4294967296");
  TL_REQUIRE_ERROR(parse(R"({"vocab_size": 10000000000000})"),
                   "config.json: vocab_size: expected at most 100000000, got 10000000000000");
  TL_REQUIRE_ERROR(parse(R"({"max_position_embeddings": 9223372036854775807})"),
                   "config.json: max_position_embeddings: expected at most 100000000, got 9223372036854775807");
  TL_REQUIRE_ERROR(parse(R"({"dim": 1000000000000})"), "config.json: dim: expected at most 1000000, got 1000000000000");
  TL_REQUIRE_ERROR(parse(R"({"hidden_dim": 1000000000000})"),
                   "config.json: hidden_dim: expected at most 10000000, got");
  TL_REQUIRE_ERROR(
      parse(R"({"vocab_size": 90000000})"),
      "config.json: vocab_size, max_position_embeddings, n_layers, dim, hidden_dim: expected at most 2e+10 "
      "parameters together, got 6.9");
}

TEST_CASE("config_overrides") {
  auto config = parse("{}");
  config.update_from_string(
      "dropout=0,attention_dropout=0.25,n_layers=3,activation=relu,sinusoidal_pos_embds=True,"
      "hidden_size=24");
  CHECK(config.dropout == 0.0);
  CHECK(config.attention_dropout == 0.25);
  CHECK(config.n_layers == 3);
  CHECK(config.activation == "relu");
  CHECK(config.sinusoidal_pos_embds);
  CHECK(config.dim == 24);
  CHECK_NOTHROW(config.update_from_string(""));
  TL_REQUIRE_ERROR(config.update_from_string("dropout"), "config_overrides: expected name=value, got \"dropout\"");
  TL_REQUIRE_ERROR(config.update_from_string("dropuot=0"),
                   "config_overrides: \"dropuot\" is not a field of DistilBertConfig");
  TL_REQUIRE_ERROR(config.update_from_string("dropuot=0"), "the fields are vocab_size, max_position_embeddings");
  TL_REQUIRE_ERROR(config.update_from_string("n_layers=many"),
                   "config_overrides: expected an integer for \"n_layers\", got \"many\"");
  TL_REQUIRE_ERROR(config.update_from_string("dropout=3"),
                   "config_overrides: dropout: expected a value in [0, 1], got 3");
}

TEST_CASE("a folder without a configuration says so") {
  const tl::test::TemporaryFolder folder;
  TL_REQUIRE_ERROR(DistilBertConfig::from_pretrained(folder.path()),
                   "expected config.json in " + folder.path().string());
  TL_REQUIRE_ERROR(DistilBertConfig::from_pretrained(folder / "absent"), "/absent, which is not a folder");
  std::ofstream(folder / "config.json") << "{\"dim\": 8,";
  TL_REQUIRE_ERROR(DistilBertConfig::from_pretrained(folder.path()), "config.json, byte 10: expected");
}
