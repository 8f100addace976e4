// DeviceStep: what a run keeps on the GPU of its model, so that an update is a host part, which loads batches, calls
// callbacks and counts, and a device part, which is a function of a batch and of kernels::StepState and is never waited
// for. The host looks at the state when the run logs, evaluates, saves or ends. A loss or norm that was not finite is
// said then: no weight was touched since, and the sentence names step and rows as if it were said at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <tl/kernels/add.hpp>
#include <tl/kernels/step_state.hpp>
#include <tl/models/losses.hpp>
#include <tl/optim/gradient_norm.hpp>
#include <tl/train/update_group.hpp>

namespace tl {

/// The scalars of a run on a device, and what the host must remember to speak about them late.
class DeviceStep {
 public:
  using State = kernels::StepState;

  /// A micro-batch that was not looked at yet.
  struct Place {
    std::int64_t step = 0;  ///< of its update; 1 is the first
    double epoch = 0.0;
    std::vector<std::int64_t> rows{};
  };
  /// So many micro-batches at most are remembered; then it is time to look.
  static constexpr std::size_t most_places = 10'000;

  /// For a model on `device`; `start` holds the numbers of a run that begins or goes on, which computes in `precision`.
  DeviceStep(Device device, const State& start, Precision precision, LossSettings settings)
      : state_(start),
        scaled_(precision == Precision::f16),
        settings_(std::move(settings)),
        memory_(Tensor<std::int64_t>::empty({words}, device)),
        zero_(Tensor<float>::zeros(Shape{}, device)),
        one_(Tensor<float>::full(Shape{}, 1.0F, device)) {
    settings_.class_weights = settings_.class_weights.to(device);
    settings_.pos_weight = settings_.pos_weight.to(device);
    write();
  }

  /// The state in the memory of the device, and there the number of the present micro-batch, which dropout reads.
  State* state() { return reinterpret_cast<State*>(memory_.data()); }
  const std::uint64_t* micro_batch() { return &state()->micro_batch; }
  /// Whether losses are scaled, so that an update may be skipped.
  bool scaled() const { return scaled_; }
  /// The settings of the loss, with weights on the device.
  const LossSettings& loss_settings() const { return settings_; }

  /// The end of a micro-batch at `place`: gradients, and its part of the loss. Without `has_loss` no label counts.
  /// Throws Error(device) for a loss on another device.
  void backward(const Variable<float>& loss, const MicroBatch& micro, bool has_loss, Place place) {
    check(loss.device() == memory_.device(), ErrorCode::device, "training: expected a loss on ", memory_.device(),
          ", where the model is, got ", loss.value());
    places_.push_back(std::move(place));
    loss.backward(seed(loss.shape(), micro.share()));
    const bool weighted = micro.of_items > 0.0;
    kernels::run(memory_.device(), kernels::AddLoss<float>{.loss = has_loss ? loss.value().data() : nullptr,
                                                           .state = state(),
                                                           .factor = weighted ? micro.share() : 1.0F,
                                                           .divisor = weighted ? 1.0F : static_cast<float>(micro.group),
                                                           .scaled = scaled_});
  }

  /// What comes before the optimizer: the norm of all gradients, and how they are clipped; a max_norm of 0 does
  /// neither.
  void prepare_update(const ParameterSpace<float>& parameters, double max_norm) {
    detail::prepare_update(parameters, max_norm, scaled_, state());
  }

  /// Waits for the device and returns its numbers.
  const State& look() {
    const Tensor<std::int64_t> host = memory_.to(cpu_device);
    std::memcpy(static_cast<void*>(&state_), host.data(), sizeof state_);
    return state_;
  }
  bool must_look() const { return places_.size() >= most_places; }

  /// Where a micro-batch was that failed since the last forget().
  const Place& place(std::uint64_t micro_batch) const {
    return places_.at(static_cast<std::size_t>(micro_batch - first_place_));
  }
  /// What was looked at is in order.
  void forget() {
    first_place_ = state_.micro_batch;
    places_.clear();
  }
  /// The sum of losses begins anew; to be called after look(), before anything else is computed.
  void clear_loss() {
    state_.loss = 0.0F;
    state_.loss_since = state_.updates + state_.skipped;
    write();
  }

 private:
  static constexpr std::int64_t words = sizeof(State) / sizeof(std::int64_t);
  static_assert(sizeof(State) % sizeof(std::int64_t) == 0);

  void write() {
    Tensor<std::int64_t> host = Tensor<std::int64_t>::empty({words});
    std::memcpy(host.data(), &state_, sizeof state_);
    memory_.copy_from(host);
  }

  /// `share` as the gradient of the loss, times its scale: that of the micro-batch before if it is the same, else
  /// 0 + share * 1, which needs no copy.
  const Tensor<float>& seed(const Shape& shape, float share) {
    const bool fits = seed_.defined() && seed_.shape() == shape;
    if (fits && !scaled_ && seed_share_ == share) return seed_;
    if (!fits) seed_ = Tensor<float>::empty(shape, memory_.device());
    seed_share_ = share;
    if (scaled_)
      kernels::run(memory_.device(),
                   kernels::ScaledSeed<float>{.seed = seed_.data(), .state = state(), .share = share});
    else
      kernels::run(memory_.device(),
                   kernels::Add<float>{.a = zero_.data(), .b = one_.data(), .y = seed_.data(), .n = 1, .alpha = share});
    return seed_;
  }

  State state_;  // as it was when it was looked at
  bool scaled_;
  LossSettings settings_;
  Tensor<std::int64_t> memory_;  // [words]
  Tensor<float> zero_, one_, seed_;
  float seed_share_ = 0.0F;
  std::vector<Place> places_;
  std::uint64_t first_place_ = state_.micro_batch;  // the number of the first one
};

}  // namespace tl
