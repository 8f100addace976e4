// Writes what tl computes for a model folder of any family, for compare_model.py to compare with the reference:
//   tl_model_dump MODEL_DIR CASES.json OUT.safetensors
// CASES.json: {"task": "sequences" or "tokens", "sequences": [[ids], ...], "types": [[token types], ...] or [],
// "batch": n, "labels": [a number for each of the first n sequences, or for each of their tokens], "overrides":
// "dropout=0,..."}. OUT holds the logits of all sequences in evaluation mode, and loss and every gradient of the first
// n.
#include <iostream>
#include <memory>

#include <tl/models/auto_model.hpp>

namespace {

void dump(const std::filesystem::path& folder, const std::filesystem::path& cases_file,
          const std::filesystem::path& out) {
  const tl::Json cases = tl::read_json(cases_file);
  using Rows = std::vector<std::vector<std::int32_t>>;
  const auto sequences = cases.at("sequences").get<Rows>(), types = cases.at("types").get<Rows>();
  const auto count = cases.at("batch").get<std::size_t>();
  const auto label_list = cases.at("labels").get<std::vector<std::int64_t>>();
  tl::check(count <= sequences.size(), tl::ErrorCode::invalid_argument, cases_file.string(),
            ": expected a batch of at most ", sequences.size(), " sequences, got ", count);
  const tl::FromPretrainedOptions options{.config_overrides = cases.at("overrides").get<std::string>()};
  const std::unique_ptr<tl::Model> model =
      cases.at("task") == "tokens" ? tl::AutoModelForTokenClassification::from_pretrained(folder, options)
                                   : tl::AutoModelForSequenceClassification::from_pretrained(folder, options);
  tl::Tensor<float> logits;
  {
    const tl::NoGradGuard no_grad;
    logits = (*model)(tl::pack(sequences, types)).logits.value();
  }
  model->train();
  const auto batch = tl::pack(std::span(sequences).first(count), std::span(types).first(types.empty() ? 0 : count));
  const auto labels = tl::Tensor<std::int64_t>::from(label_list, {static_cast<std::int64_t>(label_list.size())});
  const tl::Tensor<float> loss = [&] {
    const auto output = (*model)(batch, labels);
    output.loss.backward();
    return output.loss.value();
  }();
  std::vector<tl::SafetensorView> tensors{tl::safetensor_view<float>("logits", logits.shape(), logits.span()),
                                          tl::safetensor_view<float>("loss", loss.shape(), loss.span())};
  for (const auto& part : model->parameters().named()) {
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
