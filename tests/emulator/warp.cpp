// __syncwarp, shuffles, votes and reductions.
#include "include/emulator/warp.hpp"

#include <algorithm>
#include <string>

#include "machine.hpp"

namespace tl::emulator {
namespace {

using Calls = std::array<WarpCall*, lanes_of_warp>;

template <class Operands> Operands& operands(WarpCall* call) { return *static_cast<Operands*>(call->operands); }

/// Each lane now knows what all lanes of the mask knew, and begins a new clock.
void complete_barrier(unsigned warp, const Calls& calls) {
  std::array<std::uint32_t, lanes_of_warp> joined{};
  const auto thread = [warp](unsigned lane) -> Thread& { return machine().block.thread(warp * lanes_of_warp + lane); };
  for (unsigned lane = 0; lane < lanes_of_warp; ++lane)
    if (calls[lane] != nullptr)
      for (unsigned i = 0; i < lanes_of_warp; ++i) joined[i] = std::max(joined[i], thread(lane).clock[i]);
  for (unsigned lane = 0; lane < lanes_of_warp; ++lane)
    if (calls[lane] != nullptr) {
      thread(lane).clock = joined;
      ++thread(lane).clock[lane];
    }
}

struct ShuffleOperands {
  Shuffle kind;
  int operand, width;
  std::uint64_t value, result;
};

/// The lane that `lane` reads: as the instruction shfl computes it, which keeps the own value outside the segment.
unsigned source_lane(unsigned lane, const ShuffleOperands& o) {
  const unsigned first = lane / static_cast<unsigned>(o.width) * static_cast<unsigned>(o.width);
  const unsigned last = first + static_cast<unsigned>(o.width) - 1, operand = static_cast<unsigned>(o.operand) & 31U;
  switch (o.kind) {
    case Shuffle::from: return first + operand % static_cast<unsigned>(o.width);
    case Shuffle::up: return lane >= first + operand ? lane - operand : lane;
    case Shuffle::down: return lane + operand <= last ? lane + operand : lane;
    case Shuffle::exclusive_or: return (lane ^ operand) <= last ? lane ^ operand : lane;
  }
  return lane;
}

void complete_shuffle(unsigned warp, const Calls& calls) {
  for (unsigned lane = 0; lane < lanes_of_warp; ++lane) {
    if (calls[lane] == nullptr) continue;
    auto& mine = operands<ShuffleOperands>(calls[lane]);
    const unsigned source = source_lane(lane, mine);
    if (calls[source] == nullptr)
      return fail_thread(
          warp * lanes_of_warp + lane, describe(calls[lane]->place),
          std::string(calls[lane]->name) + " reads lane " + std::to_string(source) + ", which is not in its mask");
    mine.result = operands<ShuffleOperands>(calls[source]).value;
  }
}

struct VoteOperands {
  std::uint64_t value;
  VoteResult result;
};

void complete_vote(unsigned, const Calls& calls) {
  const WarpCall* const any = *std::find_if(calls.begin(), calls.end(), [](WarpCall* call) { return call != nullptr; });
  unsigned true_lanes = 0;
  for (unsigned lane = 0; lane < lanes_of_warp; ++lane)
    if (calls[lane] != nullptr && operands<VoteOperands>(calls[lane]).value != 0) true_lanes |= 1U << lane;
  for (WarpCall* const call : calls) {
    if (call == nullptr) continue;
    auto& mine = operands<VoteOperands>(call);
    unsigned equal = 0;
    for (unsigned lane = 0; lane < lanes_of_warp; ++lane)
      if (calls[lane] != nullptr && operands<VoteOperands>(calls[lane]).value == mine.value) equal |= 1U << lane;
    switch (static_cast<Vote>(any->kind)) {
      case Vote::ballot: mine.result = {true_lanes, true_lanes != 0}; break;
      case Vote::any: mine.result = {true_lanes, true_lanes != 0}; break;
      case Vote::all: mine.result = {true_lanes, true_lanes == call->mask}; break;
      case Vote::match_any: mine.result = {equal, equal == call->mask}; break;
      case Vote::match_all: mine.result = {equal == call->mask ? equal : 0U, equal == call->mask}; break;
    }
  }
}

struct ReductionOperands {
  std::int64_t value, result;
};

std::int64_t combine(Reduction kind, std::int64_t a, std::int64_t b) {
  switch (kind) {
    case Reduction::add: return a + b;
    case Reduction::minimum: return std::min(a, b);
    case Reduction::maximum: return std::max(a, b);
    case Reduction::bit_and: return a & b;
    case Reduction::bit_or: return a | b;
    case Reduction::bit_xor: return a ^ b;
  }
  return 0;
}

void complete_reduction(unsigned, const Calls& calls) {
  bool first = true;
  std::int64_t result = 0;
  for (WarpCall* const call : calls) {
    if (call == nullptr) continue;
    const std::int64_t value = operands<ReductionOperands>(call).value;
    result = first ? value : combine(static_cast<Reduction>(call->kind), result, value);
    first = false;
  }
  for (WarpCall* const call : calls)
    if (call != nullptr) operands<ReductionOperands>(call).result = result;
}

/// Runs one operation of the calling lane's warp.
template <class Operands>
void call_warp(const char* name, unsigned mask, int kind, Operands& values, void (*complete)(unsigned, const Calls&),
               const Place& place) {
  WarpCall call{name, mask, kind, &values, complete, place};
  machine().block.warp_call(call);
}

const char* name_of(Shuffle kind) {
  switch (kind) {
    case Shuffle::from: return "__shfl_sync";
    case Shuffle::up: return "__shfl_up_sync";
    case Shuffle::down: return "__shfl_down_sync";
    case Shuffle::exclusive_or: return "__shfl_xor_sync";
  }
  return "?";
}

}  // namespace

void warp_barrier(unsigned mask, const Place& place) {
  int nothing = 0;
  call_warp("__syncwarp", mask, 0, nothing, &complete_barrier, place);
}

std::uint64_t shuffle(Shuffle kind, unsigned mask, std::uint64_t value, int operand, int width, const Place& place) {
  if (width < 1 || width > 32 || (width & (width - 1)) != 0)
    refuse("a shuffle's width must be a power of 2, at most 32", place);
  ShuffleOperands values{kind, operand, width, value, 0};
  call_warp(name_of(kind), mask, static_cast<int>(kind), values, &complete_shuffle, place);
  return values.result;
}

VoteResult vote(Vote kind, unsigned mask, std::uint64_t value, const Place& place) {
  static constexpr const char* names[] = {"__ballot_sync", "__any_sync", "__all_sync", "__match_any_sync",
                                          "__match_all_sync"};
  VoteOperands values{value, {}};
  call_warp(names[static_cast<int>(kind)], mask, static_cast<int>(kind), values, &complete_vote, place);
  return values.result;
}

std::int64_t reduce(Reduction kind, unsigned mask, std::int64_t value, const Place& place) {
  ReductionOperands values{value, 0};
  call_warp("__reduce_sync", mask, static_cast<int>(kind), values, &complete_reduction, place);
  return values.result;
}

}  // namespace tl::emulator
