// Names in sentences: words with a tag each (B- begins a name, I- goes on, O is none), as CoNLL files have them, a
// model with a class for each token, and a pipeline that puts the tokens together again. Without a real model a tiny
// random encoder learns the few sentences that this file makes.
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <sstream>

#include <tl/data/conll.hpp>
#include <tl/data/tag_labels.hpp>
#include <tl/data/token_labels.hpp>
#include <tl/pipelines/token_classification.hpp>
#include <tl/trainer.hpp>

#include "support/inputs.hpp"

const std::map<std::string, std::vector<std::string>> names{
    {"PER", {"Ann", "Bob Lee", "Carla", "Dan Moss", "Eve", "Fred Hill"}},
    {"LOC", {"Rome", "New York", "Oslo", "Lake Como", "Lima", "Bern"}},
    {"ORG", {"Acme", "Blue Mill", "Norden Bank", "Zenith", "Red Barn Films", "Orbit"}}};

/// A line for each word of `count` sentences, an empty one after each sentence.
void write_sentences(const std::filesystem::path& path, int count) {
  const std::vector<std::string> patterns{"PER lives in LOC .",       "ORG hired PER last year .",
                                          "PER and PER met in LOC .", "The offices of ORG are in LOC .",
                                          "LOC is colder than LOC .", "PER works for ORG in LOC ."};
  std::ofstream file(path);
  std::mt19937 random(static_cast<unsigned>(count));
  const auto any = [&](const auto& list) { return list[random() % list.size()]; };
  for (int i = 0; i < count; ++i, file << '\n') {
    std::istringstream pattern(any(patterns));
    for (std::string word; pattern >> word;) {
      if (!names.contains(word)) {
        file << word << " O\n";
        continue;
      }
      std::istringstream name(any(names.at(word)));
      const char* prefix = " B-";
      for (std::string part; name >> part; prefix = " I-") file << part << prefix << word << '\n';
    }
  }
}

int main(int argc, char** argv) {
  const example::Scratch scratch;
  write_sentences(scratch / "train.conll", 400);
  write_sentences(scratch / "test.conll", 50);

  // 1. Words and tags; the distinct tags become the classes.
  const auto train = tl::encode_tags(tl::load_conll(scratch / "train.conll"));
  const auto test = tl::encode_tags(tl::load_conll(scratch / "test.conll"), {}, {train.names, "those of train.conll"});
  std::cout << train.dataset << '\n' << train.decision << '\n';

  // 2. An encoder with a fresh head: the tiny one is a BERT whose vocabulary is that of the sentences.
  const bool tiny = example::is_tiny(argc);
  std::vector<std::string> words;
  for (const auto& sentence : train.dataset.column<std::vector<std::string>>("tokens"))
    words.insert(words.end(), sentence.begin(), sentence.end());
  if (tiny) example::write_tiny_bert(scratch / "bert", example::make_tokenizer(words));
  const auto folder = tiny ? scratch / "bert" : example::model(argc, argv, scratch);
  const auto tokenizer = tl::Tokenizer::from_pretrained(folder);
  tl::set_seed(42);
  const auto model = tl::AutoModelForTokenClassification::from_pretrained(folder, {.labels = train.names});

  // 3. Words become tokens; the first token of a word has the word's class, the others none.
  const auto tokenize = [&](const tl::Row& row) {
    const auto encoding = tokenizer.encode_words(row.get<std::vector<std::string>>("tokens"), {.truncation = true});
    const auto tags = row.get<std::vector<std::int32_t>>("ner_tags");
    return tl::Example{{"input_ids", encoding.input_ids},
                       {"labels", tl::align_labels_with_tokens(encoding.word_ids, tags)}};
  };

  tl::Trainer trainer(*model,
                      {.output_dir = scratch / "results",
                       .num_train_epochs = tiny ? 6.0 : 2.0,
                       .learning_rate = tiny ? 5e-3 : 5e-5,
                       .eval_strategy = "epoch",
                       .save_strategy = "no"},
                      {.train_dataset = train.dataset.map(tokenize), .eval_dataset = test.dataset.map(tokenize)});
  trainer.train();
  const double eval_loss = trainer.evaluate().at("eval_loss").get<double>();

  // 4. Groups of tokens, with their places in the text.
  const auto classify =
      tl::pipeline<"token-classification">(*model, tokenizer, {.aggregation_strategy = tl::AggregationStrategy::first});
  const std::string text = "Carla and Bob Lee met in New York. Red Barn Films hired Eve last year.";
  for (const auto& entity : classify(text))
    std::cout << entity.entity << "  " << entity.text_in(text) << "  " << entity.score << "  " << entity.start << " to "
              << entity.end << '\n';
  return eval_loss < 0.1 ? 0 : 1;
}
