// A model is a folder: config.json, model.safetensors and the tokenizer's files, the same ones that the Python stack
// reads and writes. What is loaded again gives the same bits, and a pipeline is one line to make and one to call.
#include <iostream>

#include <tl/models/distilbert.hpp>
#include <tl/pipelines/text_classification.hpp>

#include "support/inputs.hpp"

int main(int argc, char** argv) {
  const example::Scratch scratch;
  const auto folder = example::model(argc, argv, scratch);
  const std::vector<std::string> texts{"What a lovely little book.", "The soup was cold and so was the waiter.",
                                       "Not bad at all!"};

  // A classifier with names for its classes, made of an encoder and a fresh head.
  tl::set_seed(3);
  const auto model = tl::DistilBertForSequenceClassification::from_pretrained(folder, {.labels = {"bad", "good"}});
  const auto tokenizer = tl::Tokenizer::from_pretrained(folder);
  model.save_pretrained(scratch / "saved");
  tokenizer.save_pretrained(scratch / "saved");
  for (const auto& entry : std::filesystem::directory_iterator(scratch / "saved"))
    std::cout << entry.path().filename().string() << "  " << entry.file_size() << " bytes\n";

  // Loaded again: every parameter is there, so nothing is newly initialized.
  const auto loaded = tl::DistilBertForSequenceClassification::from_pretrained(scratch / "saved");
  std::cout << "complete: " << std::boolalpha << loaded.load_report().complete() << ", class 1 is called "
            << loaded.config().id2label.at(1) << '\n';

  // By hand: ids, packed without padding, through the model, without recording gradients.
  const tl::NoGradGuard no_grad;
  const auto batch = tl::pack(tokenizer.encode_ids(texts));
  const tl::Tensor<float> before = model(batch).logits.value(), after = loaded(batch).logits.value();  // [B, C]
  const bool equal = before.to_vector() == after.to_vector();
  std::cout << "logits " << after << " are " << (equal ? "the same bits" : "different") << '\n';

  // The same as a pipeline.
  const auto classifier = tl::pipeline("text-classification", scratch / "saved");
  for (const auto& [label, score] : classifier(texts)) std::cout << label << "  " << score << '\n';

  // All classes of one text; and a text that is too long is cut only if that is asked for.
  for (const auto& [label, score] : classifier.top_k(texts[0])) std::cout << "  " << label << "  " << score << '\n';
  std::string endless;
  for (int i = 0; i < 2000; ++i) endless += "and on ";
  try {
    (void)classifier(endless);
  } catch (const tl::Error& error) {
    std::cout << "refused: " << error.what() << '\n';
  }
  std::cout << classifier(endless, {.truncation = true}).label << '\n';
  return equal ? 0 : 1;
}
