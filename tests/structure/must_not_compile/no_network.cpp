// A struct that is no network is refused in one sentence, not in a list of overloads.
// expect: the struct in tl::CustomModel needs `tl::ModelOutput forward(const tl::Batch&
#include <tl/models/custom_model.hpp>
#include <tl/nn/linear.hpp>

struct Network {
  tl::nn::Linear<float> layer{2, 2};
  template <class Visit> void members(Visit& visit) { visit("layer", layer); }
#if TL_MISTAKE
  tl::Variable<float> forward(const tl::Batch&) const;
#else
  tl::ModelOutput forward(const tl::Batch&, const tl::nn::ForwardContext&) const { return {}; }
#endif
};

tl::ModelOutput compute(const tl::Batch& batch) { return tl::CustomModel<Network>()(batch); }
