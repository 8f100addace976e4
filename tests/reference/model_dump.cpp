// Writes what tl computes for a model folder of any family, for compare_model.py, compare_problems.py and
// compare_folders.py to compare with the reference:
//   tl_model_dump MODEL_DIR CASES.json OUT.safetensors [SAVE_TO]
// CASES.json: {"task": "hidden", "sequences" or "tokens", "sequences": [[ids], ...], "types": [[token types], ...] or
// [], "overrides": "dropout=0,..."}, and for a loss "batch": n and "labels": [a number for each of the first n
// sequences, or for each of their tokens], and to train "updates": [labels of one update, ...], each of the next n
// sequences, from the first again after the last, and "learning_rate". OUT holds the logits, or hidden states and
// pooled output, of all sequences in evaluation mode, loss and every gradient of the first n, and the losses of the
// updates. With "values" true the labels are floats, C for each sequence. "class_weights" and "pos_weight" are lists of
// C weights; with "accumulation": k an update takes k micro-batches, whose losses are the mean over all of them.
// "windows": [how many of the sequences are the windows of each text] and "pooling": "mean" or "max" make texts of all
// sequences, for compare_windows.py; "batch" is then their number. SAVE_TO: a folder for the loaded model. A folder
// that lacks a parameter, or has one too many, is an error.
#include <iostream>
#include <memory>

#include <tl/data/window_lengths.hpp>
#include <tl/models/auto_model.hpp>
#include <tl/models/losses.hpp>
#include <tl/optim/adamw.hpp>

namespace {

using Rows = std::vector<std::vector<std::int32_t>>;
using NamedTensor = std::pair<std::string, tl::Tensor<float>>;

std::unique_ptr<tl::Model> load(const std::filesystem::path& folder, const tl::Json& cases) {
  tl::FromPretrainedOptions options{.config_overrides = cases.at("overrides").get<std::string>()};
  if (cases.contains("windows"))
    options.long_texts = {.windows = true, .pooling = tl::window_pooling(cases.at("pooling").get<std::string>())};
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
                   const tl::Json& labels, bool values) {
  tl::check(first + count <= sequences.size(), tl::ErrorCode::invalid_argument, "expected a batch of at most ",
            sequences.size() - first, " sequences, got ", count);
  tl::Batch batch = tl::pack(std::span(sequences).subspan(first, count),
                             types.empty() ? std::span(types) : std::span(types).subspan(first, count));
  if (values) {
    const auto numbers = labels.get<std::vector<float>>();
    batch.labels.set("labels",
                     tl::Tensor<float>::from(numbers, {static_cast<std::int64_t>(count),
                                                       std::ssize(numbers) / static_cast<std::int64_t>(count)}));
  } else {
    const auto ids = labels.get<std::vector<std::int64_t>>();
    batch.labels.set("labels", tl::Tensor<std::int64_t>::from(ids, {std::ssize(ids)}));
  }
  return batch;
}

tl::LossSettings loss_settings(const tl::Json& cases) {
  const auto weights = [&cases](const char* key) {
    const auto values = cases.value(key, std::vector<float>());
    return values.empty() ? tl::Tensor<float>() : tl::Tensor<float>::from(values, {std::ssize(values)});
  };
  return {.label_smoothing = cases.value("label_smoothing", 0.0),
          .class_weights = weights("class_weights"),
          .pos_weight = weights("pos_weight")};
}

/// The loss of some labelled sequences.
tl::Variable<float> loss_of(const tl::Model& model, const tl::Batch& batch, const tl::LossSettings& settings) {
  if (settings.plain()) return model(batch).loss;
  tl::Batch unlabelled = batch;
  unlabelled.labels = {};
  return tl::model_loss(model, model(unlabelled), batch, settings);
}

/// Makes texts of the sequences, if they are windows.
tl::Batch with_windows(tl::Batch batch, const tl::Json& cases) {
  if (cases.contains("windows"))
    batch.cu_windows = tl::detail::window_offsets(cases.at("windows").get<std::vector<std::int32_t>>());
  return batch;
}

/// Loss and gradients of the first sequences.
std::vector<NamedTensor> gradients(tl::Model& model, const tl::Json& cases, const Rows& sequences, const Rows& types) {
  model.train();
  const std::size_t count = cases.contains("windows") ? sequences.size() : cases.at("batch").get<std::size_t>();
  const tl::Batch batch =
      with_windows(batch_of(sequences, types, 0, count, cases.at("labels"), cases.value("values", false)), cases);
  const tl::Variable<float> loss = loss_of(model, batch, loss_settings(cases));
  loss.backward();
  std::vector<NamedTensor> tensors{{"loss", loss.value()}};
  for (const auto& part : model.parameters().named())
    tensors.emplace_back("gradient." + part.name, part.gradient().clone());
  return tensors;
}

/// The loss before each update: [updates].
tl::Tensor<float> trained(tl::Model& model, const tl::Json& cases, const Rows& sequences, const Rows& types) {
  const auto count = cases.at("batch").get<std::size_t>();
  const auto accumulation = cases.value("accumulation", std::size_t{1});
  const tl::LossSettings settings = loss_settings(cases);
  const tl::Json& updates = cases.at("updates");
  tl::AdamW<float> optimizer(model.parameters(), {.learning_rate = cases.at("learning_rate").get<double>()});
  std::vector<float> losses;
  std::size_t next = 0;
  while (next < updates.size()) {
    optimizer.zero_grad();
    std::vector<tl::Batch> group;
    double items = 0.0;
    for (std::size_t i = 0; i < accumulation && next < updates.size(); ++i, ++next) {
      group.push_back(batch_of(sequences, types, next * count % sequences.size(), count, updates.at(next),
                               cases.value("values", false)));
      items += tl::loss_items(group.back(), settings);
    }
    float sum = 0.0F;
    for (const tl::Batch& batch : group) {
      const auto share = static_cast<float>(tl::loss_items(batch, settings) / items);
      const tl::Variable<float> loss = loss_of(model, batch, settings);
      loss.backward(tl::Tensor<float>::full(loss.shape(), share, loss.device()));
      sum += share * loss.value().item();
    }
    optimizer.step();
    losses.push_back(sum);
  }
  return tl::Tensor<float>::from(losses, {std::ssize(losses)});
}

void dump(const std::filesystem::path& folder, const std::filesystem::path& cases_file,
          const std::filesystem::path& out, const char* save_to) {
  const tl::Json cases = tl::read_json(cases_file);
  const auto sequences = cases.at("sequences").get<Rows>(), types = cases.at("types").get<Rows>();
  const std::unique_ptr<tl::Model> model = load(folder, cases);
  std::vector<NamedTensor> tensors = outputs(*model, with_windows(tl::pack(sequences, types), cases));
  if (cases.contains("labels"))
    for (auto& tensor : gradients(*model, cases, sequences, types)) tensors.push_back(std::move(tensor));
  if (save_to) model->save_pretrained(save_to);  // with the problem_type that the labels have decided
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
