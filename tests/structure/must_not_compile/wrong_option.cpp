// A value of a wrong type is refused with the field's name, not with a list of constructors.
// expect: this field of tl::TrainerOptions, named above
#include <tl/train/trainer_base.hpp>

tl::TrainerOptions options(const tl::Dataset& rows) {
#if TL_MISTAKE
  return {.train_dataset = rows, .compute_metrics = [](int) { return 1; }};
#else
  return {.train_dataset = rows, .compute_metrics = [](const tl::EvalPrediction&) { return tl::Metrics{}; }};
#endif
}
