// Model cards: the head that hubs read, the tables, and what is left alone.
#include <tl/train/model_card.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"
#include "train/report/markup.hpp"

using namespace tl;
using namespace tl::test;

namespace {

std::vector<Json> card_log() {
  return {{{"loss", 0.61234567}, {"epoch", 0.5}, {"step", 50}},
          {{"eval_loss", 0.5}, {"eval_accuracy", 0.75}, {"eval_runtime", 1.5}, {"epoch", 1.0}, {"step", 100}},
          {{"loss", 0.3}, {"epoch", 1.5}, {"step", 150}},
          {{"eval_loss", 0.4}, {"eval_accuracy", 0.812345}, {"eval_runtime", 1.5}, {"epoch", 2.0}, {"step", 200}},
          {{"train_runtime", 10.0}, {"epoch", 2.0}, {"step", 200}}};
}

Json card_arguments() {
  TrainingArguments arguments{.output_dir = "out"};
  arguments.learning_rate = 5e-5;
  arguments.per_device_train_batch_size = 16;
  arguments.num_train_epochs = 2;
  arguments.gradient_accumulation_steps = 2;
  arguments.warmup_steps = 10;
  return to_json(arguments);
}

/// What create_model_card reads of a Trainer.
struct CardTrainer {
  struct Named {
    std::string_view class_name() const { return "DistilBertForSequenceClassification"; }
  };
  TrainingArguments arguments;
  TrainerState log;
  Named named;
  const TrainingArguments& args() const { return arguments; }
  const TrainerState& state() const { return log; }
  const Named& model() const { return named; }
};

}  // namespace

TEST_CASE("model card: the head names base model, data, metrics and results as the hub reads them") {
  const std::string card = model_card(card_log(), card_arguments(), "DistilBertForSequenceClassification",
                                      {.language = {"en"},
                                       .license = "apache-2.0",
                                       .model_name = "my: model",
                                       .finetuned_from = "distilbert-base-uncased",
                                       .dataset_tags = {"rotten_tomatoes"},
                                       .dataset_args = {"default"}});
  CHECK(card.starts_with(R"(---
library_name: transformers
language:
- en
license: apache-2.0
base_model: distilbert-base-uncased
tags:
- generated_from_trainer
datasets:
- rotten_tomatoes
metrics:
- accuracy
model-index:
- name: "my: model"
  results:
  - task:
      name: Text Classification
      type: text-classification
    dataset:
      name: rotten_tomatoes
      type: rotten_tomatoes
      args: default
    metrics:
    - name: Accuracy
      type: accuracy
      value: 0.812345
---

# my: model
)"));
}

TEST_CASE("model card: results, hyperparameters and the table of evaluations") {
  const std::string card = model_card(card_log(), card_arguments(), "Mine", {.model_name = "out"});
  CHECK(card.find("license") == card.npos);
  CHECK(card.find("- name: out\n  results: []\n---\n") != card.npos);
  CHECK(card.find("- Loss: 0.4\n- Accuracy: 0.8123\n") != card.npos);
  CHECK(card.find("- learning_rate: 5e-05\n- train_batch_size: 16\n- eval_batch_size: 8\n- seed: 42\n"
                  "- gradient_accumulation_steps: 2\n- total_train_batch_size: 32\n- optimizer: adamw_torch") !=
        card.npos);
  CHECK(card.find("- lr_scheduler_type: linear\n- lr_scheduler_warmup_steps: 10.0\n- num_epochs: 2.0\n") != card.npos);
  CHECK(card.find("| Training Loss | Epoch | Step | Validation Loss | Accuracy |\n"
                  "|:-------------:|:-----:|:----:|:---------------:|:--------:|\n"
                  "| 0.6123        | 1.0   | 100  | 0.5             | 0.75     |\n"
                  "| 0.3           | 2.0   | 200  | 0.4             | 0.8123   |\n") != card.npos);
}

TEST_CASE("model card: a run without evaluations, and texts that YAML would take for something else") {
  const std::string card = model_card({}, Json::object(), "", {.model_name = "no"});
  CHECK(card.find("- name: \"no\"\n") != card.npos);
  CHECK(card.find("### Training results") == card.npos);
  CHECK(card.find("metrics:") == card.npos);
  using detail::card::yaml_number;
  using detail::card::yaml_string;
  CHECK(yaml_string("a/b-c_d.e") == "a/b-c_d.e");
  CHECK(yaml_string("1e5") == "\"1e5\"");
  CHECK(yaml_string("x: y\n#\xFF") == "\"x: y\\n#\\\\xff\"");
  CHECK(yaml_string("- a") == "\"- a\"");
  CHECK(yaml_string("") == "\"\"");
  CHECK(yaml_number(1e-5) == "1.0e-05");
  CHECK(yaml_number(std::nan("")) == ".nan");
}

TEST_CASE("create_model_card: writes README.md, takes the place of its own, and leaves another") {
  const TemporaryFolder folder;
  CardTrainer trainer{{.output_dir = (folder.path() / "my-run").string()}, {}, {}};
  trainer.log.log_history = card_log();
  CHECK(create_model_card(trainer));
  const auto file = folder.path() / "my-run" / "README.md";
  CHECK(read_file(file).find("\n# my-run\n") != std::string::npos);
  CHECK(create_model_card(trainer, {.finetuned_from = "bert-base-uncased"}));
  CHECK(read_file(file).find("base_model: bert-base-uncased\n") != std::string::npos);
  write_text(file, "My own page\n");
  CHECK(!create_model_card(trainer));
  CHECK(read_file(file) == "My own page\n");
}

TEST_CASE("model card: the precision of the training") {
  for (const auto& [name, words] : {std::pair("fp16", "Native AMP"), std::pair("bf16", "bfloat16")}) {
    Json arguments = card_arguments();
    CHECK(model_card(card_log(), arguments, "Model", {}).find("mixed_precision_training") == std::string::npos);
    arguments[name] = true;
    CHECK(model_card(card_log(), arguments, "Model", {}).find(str_cat("\n- mixed_precision_training: ", words, "\n")) !=
          std::string::npos);
  }
}
