// Writes what tl computes for a model folder, for compare_model.py to compare with the reference:
//   tl_model_dump MODEL_DIR CASES.json OUT.safetensors
// CASES.json: {"sequences": [[ids], ...], "batch": n, "labels": [n numbers]}. OUT holds the logits of all sequences in
// evaluation mode, and loss and every gradient of the first n with dropout 0.
#include <iostream>

#include <tl/models/distilbert.hpp>

namespace {

void dump(const std::filesystem::path& folder, const std::filesystem::path& cases_file,
          const std::filesystem::path& out) {
  const tl::Json cases = tl::read_json(cases_file);
  const auto sequences = cases.at("sequences").get<std::vector<std::vector<std::int32_t>>>();
  const auto batch_size = cases.at("batch").get<std::size_t>();
  const auto label_list = cases.at("labels").get<std::vector<std::int64_t>>();
  tl::check(batch_size <= sequences.size() && label_list.size() == batch_size, tl::ErrorCode::invalid_argument,
            cases_file.string(), ": expected as many labels as the batch has sequences, ", batch_size, ", got ",
            label_list.size());
  auto model = tl::DistilBertForSequenceClassification::from_pretrained(
      folder, {.config_overrides = "dropout=0,attention_dropout=0,seq_classif_dropout=0"});
  tl::Tensor<float> logits;
  {
    const tl::NoGradGuard no_grad;
    logits = model(tl::pack(sequences)).logits.value();
  }
  model.train();
  const auto batch = tl::pack(std::span(sequences).first(batch_size));
  const auto labels = tl::Tensor<std::int64_t>::from(label_list, {static_cast<std::int64_t>(batch_size)});
  const tl::Tensor<float> loss = [&] {
    const auto output = model(batch, labels);
    output.loss.backward();
    return output.loss.value();
  }();
  std::vector<tl::SafetensorView> tensors{tl::safetensor_view<float>("logits", logits.shape(), logits.span()),
                                          tl::safetensor_view<float>("loss", loss.shape(), loss.span())};
  for (const auto& part : model.parameters().named()) {
    const tl::Tensor<float> gradient = part.gradient();
    tensors.push_back(tl::safetensor_view<float>("gradient." + part.name, gradient.shape(), gradient.span()));
  }
  tl::write_safetensors(out, tensors);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: tl_model_dump MODEL_DIR CASES.json OUT.safetensors\n";
    return 2;
  }
  try {
    dump(argv[1], argv[2], argv[3]);
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
}
