// ParameterSpace<T>: all parameters of a model in one contiguous buffer, their gradients in a second one of the same
// layout. The gradient norm is one reduction, AdamW one pass over each of two ranges: first the parameters that weight
// decay applies to (tables that are trained by rows last among them), then the other trainable ones; frozen ones come
// last. Each parameter starts on a 64-byte boundary; the gaps are zero and stay zero. Gradient memory is mapped lazily,
// so a model that only predicts does not pay for it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/autograd/name_patterns.hpp>
#include <tl/autograd/parameter.hpp>
#include <tl/core/sort.hpp>

namespace tl {

/// The memory of all parameters of a model, and of their gradients.
template <Real T> class ParameterSpace {
 public:
  ParameterSpace() = default;

  /// Gives every parameter in `named` its memory. Values are zero afterwards.
  /// Throws Error(invalid_argument) if a name occurs twice, Error(state) if a parameter has its memory already.
  [[nodiscard]] explicit ParameterSpace(std::vector<NamedParameter<T>> named) : named_(std::move(named)) {
    std::vector<std::string_view> names;
    for (const auto& entry : named_) names.push_back(entry.name);
    const auto twice = detail::repeated_name(names);
    check(!twice, ErrorCode::invalid_argument, "two parameters are named ", twice.value_or(""));
    for (const auto& entry : named_)
      check(!entry.parameter.placed(), ErrorCode::state, "a parameter space: the parameter ", entry.name,
            " has its memory in another tl::ParameterSpace already; make one space of all parameters of a model, once");
    lay_out();
  }

  /// Excludes the parameters that `patterns` choose from training, e.g. "distilbert.embeddings,*.layer.[0-3]": they get
  /// no gradient and no update, and an optimizer keeps nothing for them. The parameters move in memory, so this comes
  /// before an optimizer is made, and tensors and Variables that were taken before are of no use any more. Gradients
  /// are zero afterwards. Throws Error(not_found) for a pattern without a parameter, Error(invalid_argument) if all
  /// would be frozen, or only a part of what is stored together.
  void freeze(std::string_view patterns) { set_trainable(NamePatterns(patterns, "freeze"), false); }

  /// Trains the parameters that `patterns` choose again; as freeze() otherwise.
  void unfreeze(std::string_view patterns) { set_trainable(NamePatterns(patterns, "unfreeze"), true); }

  /// Where values and gradients are.
  Device device() const { return values_.device(); }

  /// Moves all parameters to `device`, in one copy; nothing if they are there. As after freeze(), gradients are zero,
  /// an optimizer has to be made anew, and tensors and Variables that were taken before are of no use any more. Throws
  /// Error(device) if the device cannot be used or has too little memory; the parameters are then where they were.
  void to(Device device) {
    if (!values_.defined() || device == this->device()) return;
    require(device);
    place_all(memory_order(), values().to(device), Tensor<T>::zeros({trainable_end_}, device));
  }

  /// How often the parameters were moved: an optimizer works for one layout.
  std::int64_t layout() const { return layout_; }

  /// The named parts in the model's order, as files list them.
  const std::vector<NamedParameter<T>>& named() const { return named_; }

  /// The part named `name`. Throws Error(not_found) with that name.
  const NamedParameter<T>& at(std::string_view name) const {
    for (const auto& entry : named_)
      if (entry.name == name) return entry;
    fail(ErrorCode::not_found, "no parameter is named ", name);
  }

  /// [size], with gaps; up to date.
  Tensor<T> values() const {
    for (const auto& table : tables_) (void)*table.parameter;
    return values_;
  }
  /// [trainable_end], the same layout. Once it was asked for, zero_grad() writes all zeros at once and every row of a
  /// table counts as one with a gradient; gradients of single parameters are the cheaper question.
  Tensor<T> gradients() const {
    for (const auto& parameter : trained_) {
      (void)parameter.grad();
      parameter.raw().gradient_buffer()->share();
    }
    return gradients_;
  }

  /// Whether a tensor of values() is held outside.
  bool values_held() const { return !values_.is_only_handle(); }

  /// values() without the pending updates of tables, for an optimizer.
  const Tensor<T>& raw_values() const { return values_; }
  /// gradients() for reading alone, while an optimizer's step or a norm is computed.
  const Tensor<T>& raw_gradients() const {
    for (const auto& parameter : trained_) parameter.raw().gradient_buffer()->materialize();
    return gradients_;
  }

  /// A parameter that is trained by rows, and where it begins.
  struct Table {
    Parameter<T> parameter;
    std::int64_t offset;

    detail::SparseRows& gradient_rows() const { return *parameter.raw().gradient_buffer()->sparse(); }
  };
  const std::vector<Table>& tables() const { return tables_; }  ///< in [dense_end(), decayed_end()), in this order

  std::int64_t size() const { return values_.elements(); }       ///< elements of the buffers, gaps included
  std::int64_t trainable_end() const { return trainable_end_; }  ///< elements [0, trainable_end) have gradients
  std::int64_t decayed_end() const { return decayed_end_; }      ///< weight decay applies to elements [0, decayed_end)
  std::int64_t dense_end() const { return dense_end_; }  ///< elements [dense_end, decayed_end) are trained by rows
  std::int64_t count() const { return count_; }          ///< number of parameters, gaps excluded

  /// Number of parameters that are trained, gaps excluded.
  std::int64_t trained_count() const {
    std::int64_t count = 0;
    for (const auto& parameter : trained_) count += parameter.shape().elements();
    return count;
  }

  /// Makes all gradients zero. Those that weight decay does not apply to, biases and the like, are small and side by
  /// side: they are filled as one range, on a GPU together with the tables before them, which are there not trained by
  /// rows. The zeros of the others are written when they are read.
  void zero_grad() {
    const bool by_rows = values_.device().type == DeviceType::cpu;
    const std::int64_t begin = by_rows ? decayed_end_ : dense_end_;
    if (trainable_end_ > begin) gradients_.view(begin, Shape{trainable_end_ - begin}).fill(T(0));
    for (const auto& parameter : trained_)
      if (parameter.decay() == WeightDecay::on && (by_rows || !parameter.sparse())) parameter.raw().zero_grad();
      else parameter.raw().gradient_buffer()->set_zeroed();
  }

 private:
  /// Gives every parameter memory in buffers of zeros.
  void lay_out() {
    trainable_end_ = decayed_end_ = dense_end_ = count_ = 0;
    const std::vector<Parameter<T>> order = memory_order();
    std::int64_t size = 0;
    for (const auto& parameter : order) {
      size += aligned(parameter.shape().elements());
      count_ += parameter.shape().elements();
      if (!parameter.trainable()) continue;
      trainable_end_ = size;
      if (parameter.decay() == WeightDecay::off) continue;
      decayed_end_ = size;
      if (!parameter.sparse()) dense_end_ = size;
    }
    const Device device = this->device();
    place_all(order, Tensor<T>::zeros({size}, device), Tensor<T>::zeros({trainable_end_}, device));
  }

  /// Gives every parameter its part of two buffers in their memory order.
  void place_all(const std::vector<Parameter<T>>& order, const Tensor<T>& values, const Tensor<T>& gradients) {
    ++layout_;
    trained_.clear();
    tables_.clear();
    values_ = values.counted_apart();
    gradients_ = gradients.counted_apart();
    // A model that only predicts touches each value once: then small pages, which are there at once, are quicker.
    if (device().type == DeviceType::cpu) {
      detail::prefer_small_pages(values_.data(), static_cast<std::size_t>(values_.elements()) * sizeof(T));
      detail::prefer_small_pages(gradients_.data() + dense_end_,
                                 static_cast<std::size_t>(decayed_end_ - dense_end_) * sizeof(T));
    }
    std::int64_t offset = 0;
    for (Parameter<T> parameter : order) {
      const std::int64_t begin = std::exchange(offset, offset + aligned(parameter.shape().elements()));
      parameter.place(values.view(begin, parameter.shape()),
                      parameter.trainable() ? gradients.view(begin, parameter.shape()) : Tensor<T>{});
      if (!parameter.trainable()) continue;
      trained_.push_back(parameter);
      if (parameter.sparse()) tables_.push_back({parameter, begin});
    }
  }

  void set_trainable(const NamePatterns& patterns, bool trainable) {
    std::vector<std::string> names;
    for (const auto& entry : named_) names.push_back(entry.name);
    patterns.check_each_matches(names);
    check_whole_parameters(patterns);
    const bool left = std::any_of(named_.begin(), named_.end(), [&](const auto& entry) {
      return patterns.matches(entry.name) ? trainable : entry.parameter.trainable();
    });
    check(left, ErrorCode::invalid_argument, "freeze: expected some parameters to be trained, the patterns freeze all ",
          names.size(), ": ", detail::module_names(names));
    std::vector<std::pair<Parameter<T>, Tensor<T>>> former;
    for (auto& entry : named_) {
      former.emplace_back(entry.parameter, entry.parameter.value());
      if (patterns.matches(entry.name)) entry.parameter.set_trainable(trainable);
    }
    lay_out();
    for (const auto& [parameter, value] : former) {
      Tensor<T> present = parameter.value();
      present.copy_from(value);
    }
  }

  /// Throws Error(invalid_argument) if the patterns choose some, but not all, names of one parameter.
  void check_whole_parameters(const NamePatterns& patterns) const {
    for (const auto& chosen : named_)
      for (const auto& other : named_)
        check(!(chosen.parameter == other.parameter) || !patterns.matches(chosen.name) || patterns.matches(other.name),
              ErrorCode::invalid_argument, "freeze: expected ", chosen.name, " and ", other.name,
              " to be chosen together because they are stored as one parameter, got ", chosen.name, " alone");
  }

  // Decayed, then not decayed, then frozen; each parameter once, although several names may be parts of it.
  std::vector<Parameter<T>> memory_order() const {
    std::vector<Parameter<T>> order;
    for (int group = 0; group < 4; ++group)
      for (const auto& entry : named_) {
        const Parameter<T>& p = entry.parameter;
        const int its = !p.trainable() ? 3 : p.decay() == WeightDecay::off ? 2 : p.sparse() ? 1 : 0;
        if (its == group && std::find(order.begin(), order.end(), p) == order.end()) order.push_back(p);
      }
    return order;
  }

  static std::int64_t aligned(std::int64_t elements) {
    constexpr std::int64_t step = storage_alignment / sizeof(T);
    return (elements + step - 1) / step * step;
  }

  std::vector<NamedParameter<T>> named_;
  std::vector<Parameter<T>> trained_;
  std::vector<Table> tables_;
  Tensor<T> values_, gradients_;
  std::int64_t trainable_end_ = 0, decayed_end_ = 0, dense_end_ = 0, count_ = 0, layout_ = 0;
};

}  // namespace tl
