// Writes what tl computes for a model folder of any family, for compare_model.py and compare_folders.py to compare with
// the reference:
//   tl_model_dump MODEL_DIR CASES.json OUT.safetensors [SAVE_TO]
// CASES.json: {"task": "hidden", "sequences" or "tokens", "sequences": [[ids], ...], "types": [[token types], ...] or
// [], "overrides": "dropout=0,..."}, and for a loss "batch": n and "labels": [a number for each of the first n
// sequences, or for each of their tokens], and to train "updates": [labels of one update, ...], each of the next n
// sequences, from the first again after the last, and "learning_rate". OUT holds the logits, or hidden states and
// pooled output, of all sequences in evaluation mode, loss and every gradient of the first n, and the losses of the
// updates. SAVE_TO: a folder for the loaded model. A folder that lacks a parameter, or has one too many, is an error.
#include <iostream>
#include <memory>

#include <tl/models/auto_model.hpp>
#include <tl/optim/adamw.hpp>

namespace {

using Rows = std::vector<std::vector<std::int32_t>>;
using NamedTensor = std::pair<std::string, tl::Tensor<float>>;

std::unique_ptr<tl::Model> load(const std::filesystem::path& folder, const tl::Json& cases) {
  const tl::FromPretrainedOptions options{.config_overrides = cases.at("overrides").get<std::string>()};
  const auto task = cases.at("task").get<std::string>();
  auto model = task == "hidden"      ? tl::AutoModel::from_pretrained(folder, options)
               : task == "sequences" ? tl::AutoModelForSequenceClassification::from_pretrained(folder, options)
                                     : tl::AutoModelForTokenClassification::from_pretrained(folder, options);
  const tl::LoadReport& report = model->load_report();
  tl::check(report.complete() && report.unexpected.empty(), tl::ErrorCode::format, folder.string(),
            ": expected all parameters and no others, got ", report.missing.size(), " missing, ",
            report.mismatched.size(), " of another shape, ", report.unexpected.size(), " unexpected");
  return model;
}

/// Logits of all sequences, or what a model without a head gives.
std::vector<NamedTensor> outputs(const tl::Model& model, const tl::Batch& batch) {
  const tl::NoGradGuard no_grad;
  const tl::ModelOutput output = model(batch);
  std::vector<NamedTensor> tensors;
  for (const auto& [name, value] : {std::pair{"logits", output.logits},
                                    {"last_hidden_state", output.last_hidden_state},
                                    {"pooler_output", output.pooler_output}})
    if (value.defined()) tensors.emplace_back(name, value.value());
  return tensors;
}

/// `count` sequences from `first` with their labels.
tl::Batch batch_of(const Rows& sequences, const Rows& types, std::size_t first, std::size_t count,
                   const std::vector<std::int64_t>& labels) {
  tl::check(first + count <= sequences.size(), tl::ErrorCode::invalid_argument, "expected a batch of at most ",
            sequences.size() - first, " sequences, got ", count);
  tl::Batch batch = tl::pack(std::span(sequences).subspan(first, count),
                             types.empty() ? std::span(types) : std::span(types).subspan(first, count));
  batch.labels.set("labels", tl::Tensor<std::int64_t>::from(labels, {static_cast<std::int64_t>(labels.size())}));
  return batch;
}

/// Loss and gradients of the first sequences.
std::vector<NamedTensor> gradients(tl::Model& model, const tl::Json& cases, const Rows& sequences, const Rows& types) {
  model.train();
  const auto output = model(batch_of(sequences, types, 0, cases.at("batch").get<std::size_t>(),
                                     cases.at("labels").get<std::vector<std::int64_t>>()));
  output.loss.backward();
  std::vector<NamedTensor> tensors{{"loss", output.loss.value()}};
  for (const auto& part : model.parameters().named())
    tensors.emplace_back("gradient." + part.name, part.gradient().clone());
  return tensors;
}

/// The loss before each update: [updates].
tl::Tensor<float> trained(tl::Model& model, const tl::Json& cases, const Rows& sequences, const Rows& types) {
  const auto count = cases.at("batch").get<std::size_t>();
  const auto updates = cases.at("updates").get<std::vector<std::vector<std::int64_t>>>();
  tl::AdamW<float> optimizer(model.parameters(), {.learning_rate = cases.at("learning_rate").get<double>()});
  std::vector<float> losses;
  for (const auto& labels : updates) {
    optimizer.zero_grad();
    const auto loss = model(batch_of(sequences, types, losses.size() * count % sequences.size(), count, labels)).loss;
    loss.backward();
    optimizer.step();
    losses.push_back(loss.value().item());
  }
  return tl::Tensor<float>::from(losses, {std::ssize(losses)});
}

void dump(const std::filesystem::path& folder, const std::filesystem::path& cases_file,
          const std::filesystem::path& out, const char* save_to) {
  const tl::Json cases = tl::read_json(cases_file);
  const auto sequences = cases.at("sequences").get<Rows>(), types = cases.at("types").get<Rows>();
  const std::unique_ptr<tl::Model> model = load(folder, cases);
  std::vector<NamedTensor> tensors = outputs(*model, tl::pack(sequences, types));
  if (save_to) model->save_pretrained(save_to);
  if (cases.contains("labels"))
    for (auto& tensor : gradients(*model, cases, sequences, types)) tensors.push_back(std::move(tensor));
  if (cases.contains("updates")) tensors.emplace_back("losses", trained(*model, cases, sequences, types));
  std::vector<tl::SafetensorView> views;
  for (const auto& [name, tensor] : tensors)
    views.push_back(tl::safetensor_view<float>(name, tensor.shape(), tensor.span()));
  tl::write_safetensors(out, views);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::cerr << "usage: tl_model_dump MODEL_DIR CASES.json OUT.safetensors [SAVE_TO]\n";
    return 2;
  }
  try {
    dump(argv[1], argv[2], argv[3], argc == 5 ? argv[4] : nullptr);
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
}
