// Parameters that no checkpoint has: drawn as the reference draws them, bit for bit.
#include "models/model_cases.hpp"

#include <bit>

#include "support/compare.hpp"
#include "support/sha256.hpp"

using namespace tl::test;
using tl::DistilBertConfig;
using tl::DistilBertForSequenceClassification;
using tl::DistilBertModel;
using tl::Mt19937;

namespace {

const nlohmann::json& cases() {
  static const auto parsed = nlohmann::json::parse(read_text(reference_file("head_cases.json")));
  return parsed;
}

void check_tensor(const tl::ParameterSpace<float>& parameters, const std::string& name, const nlohmann::json& expected,
                  const char* first_key = "first") {
  INFO(name);
  const auto values = parameters.at(name).value();
  std::vector<std::string> bits;
  for (std::size_t i = 0; i < expected.at(first_key).size(); ++i) {
    char hex[9];
    std::snprintf(hex, sizeof hex, "%08x", std::bit_cast<std::uint32_t>(values.data()[i]));
    bits.emplace_back(hex);
  }
  CHECK(bits == expected.at(first_key).get<std::vector<std::string>>());
  CHECK(sha256(std::as_bytes(values.span())) == expected.at("sha256").get<std::string>());
}

void check_tensors(const tl::ParameterSpace<float>& parameters, const nlohmann::json& tensors) {
  for (const auto& [name, expected] : tensors.items()) check_tensor(parameters, name, expected);
}

DistilBertConfig config_of(const nlohmann::json& fields) {
  tl::Json json = tl::Json::object();
  for (const auto& [key, value] : fields.items()) json[key] = tl::parse_json(value.dump(), key);
  return DistilBertConfig::from_json(json, "case");
}

}  // namespace

TEST_CASE("a fresh head on a loaded encoder") {
  const TemporaryFolder base;
  DistilBertModel::from_pretrained(tiny_folder()).save_pretrained(base.path());
  for (const auto& c : cases().at("from_pretrained")) {
    const std::uint64_t seed = c.at("seed");
    const std::int64_t labels = c.at("num_labels");
    INFO("seed " << seed << ", " << labels << " labels");
    const auto model =
        DistilBertForSequenceClassification::from_pretrained(base.path(), {.num_labels = labels, .seed = seed});
    check_tensors(model.parameters(), c.at("tensors"));
    CHECK(model.load_report().missing == std::vector<std::string>{"classifier.bias", "classifier.weight",
                                                                  "pre_classifier.bias", "pre_classifier.weight"});
    // The same through the process-wide generator, as set_seed() in Python.
    tl::set_seed(seed);
    const auto again = DistilBertForSequenceClassification::from_pretrained(base.path(), {.num_labels = labels});
    CHECK(same_bits(model.parameters().values(), again.parameters().values()));
  }
}

TEST_CASE("a head of another size starts afresh when that is asked for") {
  const auto& c = cases().at("mismatched_head");
  const auto model = DistilBertForSequenceClassification::from_pretrained(
      tiny_folder(), {.num_labels = 4, .seed = c.at("seed").get<std::uint64_t>(), .ignore_mismatched_sizes = true});
  CHECK(model.load_report().mismatched == std::vector<std::string>{"classifier.bias", "classifier.weight"});
  CHECK(model.load_report().missing.empty());
  check_tensors(model.parameters(), c.at("tensors"));
  CHECK(model.load_report().message().find("2 parameters have another shape in " + tiny_folder().string() +
                                           " and are newly initialized: ['classifier.bias', 'classifier.weight']") !=
        std::string::npos);
}

TEST_CASE("a vocabulary of another size starts afresh, its padding row at zero") {
  const auto& c = cases().at("mismatched_vocabulary");
  const auto model =
      DistilBertForSequenceClassification::from_pretrained(tiny_folder(), {.config_overrides = "vocab_size=61",
                                                                           .seed = c.at("seed").get<std::uint64_t>(),
                                                                           .ignore_mismatched_sizes = true});
  check_tensors(model.parameters(), c.at("tensors"));
}

TEST_CASE("a whole model from a configuration") {
  for (const auto& c : cases().at("from_config")) {
    INFO(c.at("config"));
    Mt19937 generator(c.at("seed").get<std::uint64_t>());
    const DistilBertForSequenceClassification model(config_of(c.at("config")), generator);
    check_tensors(model.parameters(), c.at("tensors"));
    tl::set_seed(c.at("seed").get<std::uint64_t>());
    const DistilBertForSequenceClassification again(config_of(c.at("config")));
    CHECK(same_bits(model.parameters().values(), again.parameters().values()));
    for (const auto& part : model.parameters().named())
      if (part.name.ends_with("bias")) CHECK(norm(part.value()) == 0.0);
  }
}

TEST_CASE("a model without a head from a configuration") {
  const auto& c = cases().at("from_config_without_head");
  Mt19937 generator(c.at("seed").get<std::uint64_t>());
  const DistilBertModel model(config_of(c.at("config")), generator);
  check_tensors(model.parameters(), c.at("tensors"));
}

TEST_CASE("sinusoidal positions are the reference's table, and frozen") {
  auto fields = cases().at("from_config_without_head").at("config");
  fields["sinusoidal_pos_embds"] = true;
  Mt19937 generator(9);
  const DistilBertModel model(config_of(fields), generator);
  const auto& part = model.parameters().at("embeddings.position_embeddings.weight");
  CHECK_FALSE(part.parameter.trainable());
  std::vector<std::string> bits;
  for (const float value : part.value().span()) {
    char hex[9];
    std::snprintf(hex, sizeof hex, "%08x", std::bit_cast<std::uint32_t>(value));
    bits.emplace_back(hex);
  }
  CHECK(bits == cases().at("sinusoidal").at("bits").get<std::vector<std::string>>());
}

TEST_CASE("the larger recorded collection: heads on real checkpoints, and a model from a configuration") {
  const auto path = shared_file("reference/verified/head_init.json");
  if (!path) TL_SKIP("reference/verified/head_init.json of the shared collection is not here");
  const auto recorded = nlohmann::json::parse(read_text(*path));
  int compared = 0;
  for (const auto& c : recorded.at("from_pretrained")) {
    if (c.at("cls") != "DistilBertForSequenceClassification") continue;
    const auto name = c.at("model").get<std::string>();
    const auto folder = shared_file("models/" + name);
    if (!folder) continue;
    const auto model = DistilBertForSequenceClassification::from_pretrained(
        *folder, {.num_labels = c.at("num_labels").get<std::int64_t>(), .seed = c.at("seed").get<std::uint64_t>()});
    for (const auto& tensor : c.at("tensors"))
      check_tensor(model.parameters(), tensor.at("name").get<std::string>(), tensor, "first8_hex");
    ++compared;
  }
  CHECK(compared >= 3);
  const auto& c = recorded.at("from_config");
  Mt19937 generator(c.at("seed").get<std::uint64_t>());
  const DistilBertForSequenceClassification model(config_of(c.at("config")), generator);
  for (const auto& tensor : c.at("tensors"))
    check_tensor(model.parameters(), tensor.at("name").get<std::string>(), tensor, "first8_hex");
}
