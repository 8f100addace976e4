// CPU bodies of scaled_seed, add_loss and prepare_update.
#pragma once

#include <cmath>

#include <tl/kernels/step_state.hpp>

namespace tl::cpu {

template <class T> void run(Cpu, const kernels::ScaledSeed<T>& p) { kernels::scaled_seed(p); }

template <class T> void run(Cpu, const kernels::AddLoss<T>& p) { kernels::add_loss(p); }

inline void run(Cpu, const kernels::PrepareUpdate& p) { kernels::prepare_update(p, std::sqrt(p.state->squared_norm)); }

}  // namespace tl::cpu
