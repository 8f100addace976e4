// A pipeline around something that is no classifier is refused in one sentence, not in a list of overloads.
// expect: a text-classification pipeline needs a model with operator()(PackedSequences)
#include <tl/pipelines/text_classification.hpp>

#if TL_MISTAKE
using Model = tl::DistilBertModel;
#else
using Model = tl::DistilBertForSequenceClassification;
#endif

tl::Classification classify(Model& model, const tl::Tokenizer& tokenizer, const std::string& folder) {
  const auto loaded = tl::pipeline("text-classification", folder, {});
  return tl::pipeline("text-classification", model, tokenizer)(loaded("a text").label);
}
