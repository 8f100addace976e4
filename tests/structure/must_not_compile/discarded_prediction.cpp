// A prediction that is not looked at, and a model that is loaded and dropped.
// expect: nodiscard
#include <tl/models/distilbert.hpp>
#include <tl/pipelines/text_classification.hpp>

using Model = tl::DistilBertForSequenceClassification;

Model load(const tl::TextClassificationPipeline& classify) {
#if TL_MISTAKE
  classify.top_k("a text");
  Model::from_pretrained("folder");
#else
  (void)classify.top_k("a text");
#endif
  return Model::from_pretrained("folder");
}
