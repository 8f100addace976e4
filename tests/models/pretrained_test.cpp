// Loading and saving: names, prefixes, reports, files and what is said when something does not fit.
#include "models/model_cases.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <tl/models/auto_model.hpp>

#include "support/compare.hpp"
#include "support/hub_cache.hpp"

using namespace tl::test;
using tl::DistilBertConfig;
using tl::DistilBertForSequenceClassification;
using tl::DistilBertModel;
using tl::SafetensorView;
using tl::Tensor;

namespace {

constexpr auto load = [](const std::filesystem::path& folder, tl::FromPretrainedOptions options = {}) {
  return DistilBertForSequenceClassification::from_pretrained(folder, options);
};

// The tiny model's files in another folder, with the tensors edited.
template <class Edit> void write_edited(const std::filesystem::path& folder, Edit&& edit) {
  std::filesystem::copy_file(tiny_folder() / "config.json", folder / "config.json",
                             std::filesystem::copy_options::overwrite_existing);
  const tl::SafetensorsReader reader(tiny_folder());
  std::vector<SafetensorView> tensors = reader.tensors();
  edit(tensors);
  tl::write_safetensors(folder / "model.safetensors", tensors);
}

void rename_all(std::vector<SafetensorView>& tensors, const std::string& from, const std::string& to) {
  for (SafetensorView& tensor : tensors)
    if (const auto at = tensor.name.find(from); at != std::string::npos) tensor.name.replace(at, from.size(), to);
}

std::vector<SafetensorView>::iterator named(std::vector<SafetensorView>& tensors, const std::string& name) {
  return std::find_if(tensors.begin(), tensors.end(), [&](const auto& tensor) { return tensor.name == name; });
}

// A batch with the same logits means the same weights.
bool same_model(const DistilBertForSequenceClassification& a, const DistilBertForSequenceClassification& b) {
  return same_bits(a.parameters().values(), b.parameters().values());
}

// The modules of a two-class classifier of the base size.
struct Classifier {
  tl::DistilBertEncoder distilbert{DistilBertConfig{}};
  tl::nn::Linear<float> pre_classifier{768, 768}, classifier{768, 2};
  template <class Visit> void members(Visit& visit) {
    visit("distilbert", distilbert);
    visit("pre_classifier", pre_classifier);
    visit("classifier", classifier);
  }
};

struct One {
  tl::nn::Linear<float> first{2, 3};
  template <class Visit> void members(Visit& visit) { visit("first", first); }
};

struct Two {
  tl::nn::Linear<float> first{2, 3}, second{3, 2};
  template <class Visit> void members(Visit& visit) {
    visit("first", first);
    visit("second", second);
  }
};

}  // namespace

TEST_CASE("what the reference saved and tl saves again has the same bytes") {
  const TemporaryFolder folder;
  const auto model = load(tiny_folder());
  model.save_pretrained(folder.path());
  CHECK(read_text(folder / "model.safetensors") == read_text(tiny_folder() / "model.safetensors"));
  CHECK(read_text(folder / "config.json") == read_text(tiny_folder() / "config.json"));
  CHECK(same_model(load(folder.path()), model));
}

TEST_CASE("a model that was loaded whole has nothing to report and is in evaluation mode") {
  const auto model = load(tiny_folder());
  CHECK(model.load_report().complete());
  CHECK(model.load_report().message().empty());
  CHECK(model.load_report().unexpected.empty());
  CHECK(model.load_report().model_class == "DistilBertForSequenceClassification");
  CHECK_FALSE(model.training());
}

TEST_CASE("names are the reference's, in its order") {
  const auto cases = nlohmann::json::parse(read_text(reference_file("head_cases.json")));
  const auto model = load(tiny_folder());
  std::vector<std::string> names;
  for (const auto& part : model.parameters().named()) names.push_back(part.name);
  CHECK(names == cases.at("names").get<std::vector<std::string>>());
}

TEST_CASE("the printed tree") {
  const auto text = to_string(load(tiny_folder()));
  CHECK(
      text.starts_with("DistilBertForSequenceClassification(\n"
                       "  (distilbert): DistilBertModel(\n"
                       "    (embeddings): Embeddings(\n"
                       "      (word_embeddings): Embedding(50, 24, padding_idx=0)\n"
                       "      (position_embeddings): Embedding(24, 24)\n"
                       "      (LayerNorm): LayerNorm((24,), eps=1e-12, elementwise_affine=True)\n"
                       "      (dropout): Dropout(p=0.1, inplace=False)\n"
                       "    )\n"
                       "    (transformer): Transformer(\n"
                       "      (layer): ModuleList(\n"
                       "        (0-2): 3 x TransformerBlock(\n"));
  CHECK(
      text.ends_with("  (pre_classifier): Linear(in_features=24, out_features=24, bias=True)\n"
                     "  (classifier): Linear(in_features=24, out_features=3, bias=True)\n"
                     "  (dropout): Dropout(p=0.2, inplace=False)\n"
                     ")"));
  CHECK(to_string(DistilBertModel::from_pretrained(tiny_folder())).starts_with("DistilBertModel(\n  (embeddings)"));
  std::ostringstream printed;
  printed << load(tiny_folder()) << '\n' << DistilBertModel::from_pretrained(tiny_folder());
  CHECK(printed.str() == text + '\n' + to_string(DistilBertModel::from_pretrained(tiny_folder())));
}

TEST_CASE("an encoder without its prefix beside a head is loaded whole, also if only some names lack it") {
  const TemporaryFolder folder;
  const auto original = load(tiny_folder());
  for (const char* part : {"", "transformer.layer.0."}) {
    write_edited(folder.path(), [&](auto& tensors) { rename_all(tensors, tl::str_cat("distilbert.", part), part); });
    const auto model = load(folder.path());
    CHECK(model.load_report().complete());
    CHECK(model.load_report().unexpected.empty());
    CHECK(same_model(original, model));
  }
  // Of two tensors for one parameter the one with the model's own name counts.
  const std::vector<float> other(100 * 1024, 3.0F);
  write_edited(folder.path(), [&](auto& tensors) {
    auto twin = *named(tensors, "distilbert.embeddings.LayerNorm.bias");
    twin.name = "embeddings.LayerNorm.bias";
    twin = tl::safetensor_view<float>(twin.name, twin.shape,
                                      std::span(other).first(static_cast<std::size_t>(twin.shape.elements())));
    tensors.push_back(twin);
  });
  CHECK(same_model(original, load(folder.path())));
}

TEST_CASE("a checkpoint in which no name fits is refused; what is not loaded keeps its values") {
  const TemporaryFolder folder;
  write_edited(folder.path(), [](auto& tensors) {
    for (SafetensorView& tensor : tensors) tensor.name = "x." + tensor.name;
  });
  TL_REQUIRE_ERROR(load(folder.path()),
                   "model.safetensors: expected parameters of DistilBertForSequenceClassification such as ");
  TL_REQUIRE_ERROR(load(folder.path()), " tensors such as x.");
  TL_REQUIRE_ERROR(load(folder.path()), ", of which none has the name of one");

  // A user's model, of which the file has a part.
  One one;
  tl::ParameterSpace<float> of_one(tl::nn::named_parameters(one));
  tl::nn::initialize(of_one, 0.1, tl::default_generator());
  tl::save_parameters(folder.path(), of_one, tl::Json::object());
  Two two;
  tl::ParameterSpace<float> of_two(tl::nn::named_parameters(two));
  tl::nn::initialize(of_two, 0.1, tl::default_generator());
  const float before = two.second.weight.value().at({0, 0});
  const auto report = tl::load_parameters(folder.path(), of_two, "", "Two");
  CHECK(report.message() == "Two: 2 parameters are not in " + folder.path().string() +
                                " and keep their values: ['second.bias', 'second.weight'].");
  CHECK(two.second.weight.value().at({0, 0}) == before);
  CHECK(same_bits(two.first.weight.value(), one.first.weight.value()));
}

TEST_CASE("a model that was never initialized is not saved") {
  const TemporaryFolder folder;
  One one;
  tl::ParameterSpace<float> parameters(tl::nn::named_parameters(one));
  const auto save = [&] { tl::save_parameters(folder / "out", parameters, tl::Json::object()); };
  TL_REQUIRE_ERROR(save(),
                   "cannot save a model whose 2 parameters are all zero, first.weight the first of them; "
                   "initialize it with tl::nn::initialize() or load its weights");
  CHECK(!std::filesystem::exists(folder / "out"));
  tl::nn::initialize(parameters, 0.1, tl::default_generator());
  CHECK_NOTHROW(save());
}

TEST_CASE("prefixes: a base checkpoint fits a model with a head, and the other way round") {
  const TemporaryFolder base, again;
  const auto encoder = DistilBertModel::from_pretrained(tiny_folder());
  CHECK(encoder.load_report().unexpected.empty());  // the head's tensors are no part of this model
  encoder.save_pretrained(base.path());
  const tl::SafetensorsReader file(base.path());
  CHECK(file.find("embeddings.word_embeddings.weight") != nullptr);
  CHECK(file.find("distilbert.embeddings.word_embeddings.weight") == nullptr);
  const auto model = load(base.path());
  const auto original = load(tiny_folder());
  for (const auto& part : original.parameters().named())
    if (part.name.starts_with("distilbert.")) {
      INFO(part.name);
      CHECK(same_bits(part.value(), model.parameters().at(part.name).value()));
    }
  CHECK(model.load_report().missing.size() == 4);
  CHECK(DistilBertModel::from_pretrained(base.path()).load_report().complete());
}

TEST_CASE("the message names class, source and the fresh parameters") {
  const TemporaryFolder base;
  DistilBertModel::from_pretrained(tiny_folder()).save_pretrained(base.path());
  CHECK(load(base.path()).load_report().message() ==
        "DistilBertForSequenceClassification: 4 parameters are not in " + base.path().string() +
            " and are newly initialized: ['classifier.bias', 'classifier.weight', 'pre_classifier.bias', "
            "'pre_classifier.weight']. Train the model on your task before you use its predictions.");
}

TEST_CASE("legacy names: gamma and beta of LayerNorm, and position_ids is ignored") {
  const TemporaryFolder folder;
  const std::vector<std::int64_t> positions(24, 0);
  write_edited(folder.path(), [&](auto& tensors) {
    rename_all(tensors, "LayerNorm.weight", "LayerNorm.gamma");
    rename_all(tensors, "LayerNorm.bias", "LayerNorm.beta");
    tensors.push_back(tl::safetensor_view<std::int64_t>("distilbert.embeddings.position_ids", {1, 24}, positions));
  });
  const auto model = load(folder.path());
  CHECK(same_model(model, load(tiny_folder())));
  CHECK(model.load_report().complete());
  CHECK(model.load_report().unexpected.empty());
}

TEST_CASE("tensors that the model does not have are listed and not used") {
  const TemporaryFolder folder;
  const std::vector<float> extra(3, 1.0f);
  write_edited(folder.path(), [&](auto& tensors) {
    tensors.push_back(tl::safetensor_view<float>("vocab_projector.bias", {3}, extra));
    tensors.push_back(tl::safetensor_view<float>("my.gamma", {3}, extra));  // only LayerNorm's gamma is renamed
  });
  const auto model = load(folder.path());
  CHECK(model.load_report().unexpected == std::vector<std::string>{"my.gamma", "vocab_projector.bias"});
  CHECK(model.load_report().message() ==
        "DistilBertForSequenceClassification: 2 parameters in " + folder.path().string() +
            " are not part of the model and are not used: ['my.gamma', 'vocab_projector.bias'].");
}

TEST_CASE("tensors left over are no news if the checkpoint was saved as another class") {
  const TemporaryFolder folder;
  const std::vector<float> extra(3, 1.0f);
  write_edited(folder.path(), [&](auto& tensors) {
    tensors.push_back(tl::safetensor_view<float>("vocab_projector.bias", {3}, extra));
  });
  tl::Json config = tl::read_json(folder / "config.json");
  config["architectures"] = tl::Json::array({"DistilBertForMaskedLM"});
  tl::write_json(folder / "config.json", config, {.indent = 2, .sort_keys = false});
  const auto model = load(folder.path());
  CHECK(model.load_report().unexpected == std::vector<std::string>{"vocab_projector.bias"});
  CHECK(model.load_report().message().empty());
}

TEST_CASE("half-precision checkpoints are read into float") {
  const TemporaryFolder folder;
  const auto original = load(tiny_folder());
  std::vector<Tensor<tl::bfloat16>> rounded;
  rounded.reserve(100);
  write_edited(folder.path(), [&](auto& tensors) {
    for (auto& tensor : tensors) {
      rounded.push_back(original.parameters().at(tensor.name).value().template cast<tl::bfloat16>());
      tensor = tl::safetensor_view<tl::bfloat16>(tensor.name, tensor.shape, rounded.back().span());
    }
  });
  const auto model = load(folder.path());
  const auto& part = model.parameters().at("pre_classifier.weight");
  CHECK(same_bits(part.value(), original.parameters().at(part.name).value().cast<tl::bfloat16>().cast<float>()));
}

TEST_CASE("an encoder parameter that is missing is an error that names it") {
  const TemporaryFolder folder;
  write_edited(folder.path(),
               [&](auto& tensors) { tensors.erase(named(tensors, "distilbert.transformer.layer.1.ffn.lin1.weight")); });
  TL_REQUIRE_ERROR(load(folder.path()), folder.path().string() +
                                            ": expected the encoder's parameter "
                                            "distilbert.transformer.layer.1.ffn.lin1.weight in the checkpoint");
  TL_REQUIRE_ERROR(DistilBertModel::from_pretrained(folder.path()),
                   "expected the encoder's parameter transformer.layer.1.ffn.lin1.weight in the checkpoint, "
                   "it is not there");
}

TEST_CASE("a shape that differs names the key and both shapes") {
  TL_REQUIRE_ERROR(
      load(tiny_folder(), {.num_labels = 5}),
      "model.safetensors: size mismatch for classifier.weight: the model expects [5, 24], the checkpoint has "
      "[3, 24]; set num_labels to that of the checkpoint, or ignore_mismatched_sizes");
  TL_REQUIRE_ERROR(load(tiny_folder(), {.config_overrides = "hidden_dim=41"}),
                   "size mismatch for distilbert.transformer.layer.0.ffn.lin1.weight: the model expects [41, 24], the "
                   "checkpoint has [40, 24]; config.json and the checkpoint do not belong together");
  const TemporaryFolder folder;
  const std::vector<std::int32_t> ids(24);
  write_edited(folder.path(), [&](auto& tensors) {
    *named(tensors, "classifier.bias") =
        tl::safetensor_view<std::int32_t>("classifier.bias", tl::Shape{3}, std::span(ids).first(3));
  });
  TL_REQUIRE_ERROR(load(folder.path()), (folder / "model.safetensors").string() +
                                            ", tensor classifier.bias: expected F64, F32, F16 or BF16, got I32");
  const auto model = load(tiny_folder(), {.num_labels = 5, .seed = 1, .ignore_mismatched_sizes = true});
  CHECK(model.config().num_labels() == 5);
  CHECK(norm(model.parameters().at("classifier.weight").value()) > 0.0);
  const auto encoder = DistilBertModel::from_pretrained(
      tiny_folder(), {.config_overrides = "vocab_size=60", .seed = 1, .ignore_mismatched_sizes = true});
  CHECK(norm(encoder.parameters().at("embeddings.word_embeddings.weight").value()[59]) > 0.0);
  CHECK(norm(encoder.parameters().at("embeddings.word_embeddings.weight").value()[0]) == 0.0);
}

TEST_CASE("labels given at loading") {
  const auto named_labels = load(tiny_folder(), {.labels = {"x", "y", "z"}});
  CHECK(named_labels.config().id2label.at(2) == "z");
  CHECK(named_labels.config().label2id.at("x") == 0);
  CHECK(load(tiny_folder(), {.num_labels = 3}).config().id2label.at(1) == "glad");  // the number is the same
  TL_REQUIRE_ERROR(load(tiny_folder(), {.num_labels = 2, .labels = {"a", "b", "c"}}),
                   "from_pretrained: expected as many labels as num_labels = 2, got 3");
  TL_REQUIRE_ERROR(load(tiny_folder(), {.labels = {"a", "a", "c"}}), "labels: the name \"a\" occurs twice");
}

TEST_CASE("config_overrides reach the model") {
  const auto model = load(tiny_folder(), {.config_overrides = "dropout=0.5"});
  CHECK(model.config().dropout == 0.5);
  TL_REQUIRE_ERROR(load(tiny_folder(), {.config_overrides = "n_heads=5"}),
                   "dim: expected a multiple of n_heads = 5, got 24");
  TL_REQUIRE_ERROR(load(tiny_folder(), {.config_overrides = "nonsense=1"}), "\"nonsense\" is not a field");
}

TEST_CASE("a name is looked up in the cache, in the revision that is asked for") {
  const HubCache cache;
  const std::string first(40, 'a'), second(40, 'b');
  cache.add_folder("models--owner--tiny", first, tiny_folder());
  const auto model = load("owner/tiny");
  CHECK(same_model(model, load(tiny_folder())));
  CHECK(model.load_report().source == "owner/tiny");
  CHECK(DistilBertConfig::from_pretrained("owner/tiny").dim == model.config().dim);
  const tl::hub::Options hub{.revision = "v2", .cache_dir = cache.path()};
  TL_REQUIRE_ERROR(load("owner/tiny", {.hub = hub}), "but not its revision v2");
  cache.add("models--owner--tiny", second, {{"config.json", R"({"model_type": "distilbert", "dim": 8, "n_heads": 2})"}},
            "v2");
  CHECK(DistilBertConfig::from_pretrained("owner/tiny", hub).dim == 8);
  TL_REQUIRE_ERROR(load("owner/tiny", {.hub = hub}),
                   "expected model.safetensors of the model owner/tiny, the cache has");
  const auto any = tl::AutoModelForSequenceClassification::from_pretrained("owner/tiny", {.hub = {.revision = first}});
  CHECK(any->class_name() == "DistilBertForSequenceClassification");
  CHECK(tl::load_common_config("owner/tiny").num_labels() == model.config().num_labels());
}

TEST_CASE("folders without weights say what was looked for") {
  const TemporaryFolder folder;
  TL_REQUIRE_ERROR(load(folder / "absent"), "which is not a folder");
  const HubCache empty_cache;
  TL_REQUIRE_ERROR(
      load("distilbert-base-uncased"),
      "expected a model folder or the name of a model on a hub, got \"distilbert-base-uncased\"; there is no "
      "folder of that name in ");
  TL_REQUIRE_ERROR(DistilBertModel::from_pretrained("owner/name"),
                   "has no models--owner--name, and this program cannot");
  TL_REQUIRE_ERROR(load("./no/such"), "got ./no/such, which is not a folder");
  std::filesystem::copy_file(tiny_folder() / "config.json", folder / "config.json");
  TL_REQUIRE_ERROR(load(folder.path()), "expected model.safetensors or model.safetensors.index.json in " +
                                            folder.path().string() + ", neither is there");
  std::ofstream(folder / "pytorch_model.bin") << "x";
  TL_REQUIRE_ERROR(load(folder.path()), "got pytorch_model.bin only, which is a pickle");
  const auto whole = read_text(tiny_folder() / "model.safetensors");
  std::ofstream(folder / "model.safetensors", std::ios::binary) << whole.substr(0, whole.size() / 2);
  TL_REQUIRE_ERROR(load(folder.path()), "expected its data to end by byte");
}

TEST_CASE("saving into a place that cannot be a folder is an error") {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  TL_REQUIRE_ERROR(load(tiny_folder()).save_pretrained(folder / "file"),
                   "cannot make the folder " + (folder / "file").string());
  TL_REQUIRE_ERROR(load(tiny_folder()).save_pretrained(folder / "file" / "deeper"), "cannot make the folder");
}

TEST_CASE("a configuration that cannot be written leaves no weights behind") {
  const TemporaryFolder folder;
  auto model = load(tiny_folder());
  TL_REQUIRE_ERROR(save_parameters(folder.path(), model.parameters(), {{"id2label", {{"0", "caf\xe9"}}}}),
                   "expected UTF-8");
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("load_weights replaces every parameter and insists on all of them") {
  auto model = load(tiny_folder());
  const auto before = model.parameters().values().clone();
  Tensor<float> values = model.parameters().values();
  const TemporaryFolder folder, incomplete;
  model.save_pretrained(folder.path());
  for (float& value : values.span()) value *= 2.0f;
  model.load_weights(folder.path());
  CHECK(same_bits(model.parameters().values(), before));
  write_edited(incomplete.path(), [](auto& tensors) { tensors.erase(named(tensors, "classifier.bias")); });
  TL_REQUIRE_ERROR(model.load_weights(incomplete.path()),
                   "expected every parameter of DistilBertForSequenceClassification, classifier.bias is missing");
}

TEST_CASE("a model moves, and its parameters stay where they are") {
  auto model = load(tiny_folder());
  const float* where = model.parameters().values().data();
  const auto logits = model(tl::pack(sequences())).logits.value();
  const auto moved = std::move(model);
  CHECK(moved.parameters().values().data() == where);
  CHECK(same_bits(moved(tl::pack(sequences())).logits.value(), logits));
  static_assert(!std::is_copy_constructible_v<DistilBertForSequenceClassification>,
                "a copy would share the parameters of its original");
}

TEST_CASE("parameter counts of the base size") {
  // Only the space, whose zeros are mapped lazily: no 66 million values are drawn here.
  Classifier net;
  const tl::ParameterSpace<float> space(tl::nn::named_parameters(net));
  CHECK(space.count() == 66'955'010);
  CHECK(space.named().size() == 104);
  tl::DistilBertEncoder encoder{DistilBertConfig{}};
  const tl::ParameterSpace<float> base(tl::nn::named_parameters(encoder));
  CHECK(base.count() == 66'362'880);
  CHECK(base.named().size() == 100);
}

TEST_CASE("counts of the tiny model, and frozen positions") {
  CHECK(load(tiny_folder()).parameters().count() == 15939);
  DistilBertConfig config = load(tiny_folder()).config();
  config.sinusoidal_pos_embds = true;
  tl::Mt19937 generator(1);
  const DistilBertForSequenceClassification model(config, generator);
  CHECK(model.parameters().count() == 15939);
  CHECK(model.parameters().size() - model.parameters().trainable_end() == 24 * 24);
  const auto output = model(tl::pack(sequences()), labels());
  CHECK_NOTHROW(output.loss.backward());
  CHECK_FALSE(model.parameters().at("distilbert.embeddings.position_embeddings.weight").gradient().defined());
}
