#include "block.hpp"

#include <algorithm>
#include <numeric>
#include <sstream>

#include "machine.hpp"

namespace tl::emulator {
namespace {

/// splitmix64: random orders must be the same each time a program runs.
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = state += 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

}  // namespace

const char* to_string(Schedule schedule) {
  switch (schedule) {
    case Schedule::forward: return "forward";
    case Schedule::reverse: return "reverse";
    case Schedule::random: return "random";
  }
  return "?";
}

void Block::order_threads(Schedule schedule, std::vector<unsigned>& order, std::uint64_t& seed) const {
  if (schedule != Schedule::random) return;
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[next_random(seed) % i]);
}

void Block::resume(unsigned i) {
  current_ = i;
  fibers_.enter(i);
}

void Block::run(uint3 index, dim3 size, Schedule schedule, void (*entry)(), std::uint64_t seed) {
  index_ = index;
  size_ = size;
  count_ = live_ = size.x * size.y * size.z;
  at_barrier_ = 0;
  for (unsigned i = 0; i < count_; ++i) {
    Thread& thread = threads_[i];
    thread.state = State::ready;
    thread.index = {i % size.x, i / size.x % size.y, i / (size.x * size.y)};
    thread.clock.fill(0);
    thread.clock[i % lanes_of_warp] = 1;
    thread.groups.clear();
    thread.copies.clear();
    fibers_.prepare(i, entry);
  }
  std::vector<unsigned> order(count_);
  std::iota(order.begin(), order.end(), 0U);
  if (schedule == Schedule::reverse) std::reverse(order.begin(), order.end());
  while (live_ > 0) {
    order_threads(schedule, order, seed);
    bool progress = false;
    for (const unsigned i : order) {
      if (threads_[i].state != State::ready) continue;
      progress = true;
      resume(i);
      if (machine().failed()) return;
    }
    if (progress) continue;
    if (at_barrier_ == live_) release_barrier();
    else report_deadlock();
    if (machine().failed()) return;
  }
}

int Block::barrier(std::uint8_t kind, bool value, const Place& place) {
  Thread& self = thread();
  self.state = State::at_barrier;
  self.place = place;
  self.barrier_kind = kind;
  self.barrier_value = value;
  ++at_barrier_;
  leave();
  return vote_;
}

void Block::warp_call(WarpCall& call) {
  Thread& self = thread();
  const unsigned warp = current_ / lanes_of_warp, first = warp * lanes_of_warp;
  const unsigned here = std::min(lanes_of_warp, count_ - first);
  const unsigned existing = here == lanes_of_warp ? 0xFFFFFFFFU : (1U << here) - 1;
  std::ostringstream mask;
  if ((call.mask >> (current_ % lanes_of_warp) & 1U) == 0 || (call.mask & ~existing) != 0)
    mask << call.name << " with mask 0x" << std::hex << call.mask << std::dec;
  if ((call.mask & ~existing) != 0)
    fail_thread(current_, describe(call.place),
                mask.str() + " names lanes that do not exist: the warp has " + std::to_string(here) + " threads");
  if ((call.mask >> (current_ % lanes_of_warp) & 1U) == 0)
    fail_thread(current_, describe(call.place), mask.str() + " does not name the lane that calls it");
  std::array<WarpCall*, lanes_of_warp> calls{};
  self.call = &call;
  self.place = call.place;
  self.state = State::in_warp;
  for (unsigned lane = 0; lane < here; ++lane) {
    if ((call.mask >> lane & 1U) == 0) continue;
    Thread& other = threads_[first + lane];
    if (other.state == State::done)
      fail_thread(current_, describe(call.place),
                  std::string(call.name) + " names lane " + std::to_string(lane) + ", which has left the kernel");
    const bool joined = other.state == State::in_warp && other.call->complete == call.complete &&
                        other.call->kind == call.kind && other.call->mask == call.mask;
    if (!joined) {
      leave();
      return;
    }
    calls[lane] = other.call;
  }
  call.complete(warp, calls);
  for (unsigned lane = 0; lane < here; ++lane)
    if (calls[lane] != nullptr) threads_[first + lane].state = State::ready;
}

void Block::end_thread() {
  Thread& self = thread();
  self.state = State::done;
  --live_;
  // Who waits for this lane waits for ever.
  const unsigned first = current_ / lanes_of_warp * lanes_of_warp;
  for (unsigned i = first; i < std::min(first + lanes_of_warp, count_); ++i)
    if (threads_[i].state == State::in_warp && (threads_[i].call->mask >> (current_ - first) & 1U) != 0)
      fail_thread(i, describe(threads_[i].place),
                  std::string(threads_[i].call->name) + " names lane " + std::to_string(current_ - first) +
                      ", which has left the kernel");
  leave();
}

void Block::release_barrier() {
  const Thread* first = nullptr;
  vote_ = 0;
  bool all = true;
  unsigned count = 0;
  for (unsigned i = 0; i < count_; ++i) {
    Thread& thread = threads_[i];
    if (thread.state != State::at_barrier) continue;
    if (first == nullptr) first = &thread;
    const bool same = thread.place.line() == first->place.line() && thread.place.column() == first->place.column() &&
                      std::string(thread.place.file_name()) == first->place.file_name() &&
                      thread.barrier_kind == first->barrier_kind;
    if (!same) {
      return record_failure(i, describe(thread.place),
                            "waits at a barrier, while thread " + describe(first->index) + " waits at another one, " +
                                describe(first->place));
    }
    count += thread.barrier_value;
    all = all && thread.barrier_value;
    thread.state = State::ready;
  }
  if (first != nullptr)
    vote_ = first->barrier_kind == 0   ? static_cast<int>(count)
            : first->barrier_kind == 1 ? static_cast<int>(all)
                                       : static_cast<int>(count > 0);
  at_barrier_ = 0;
  machine().next_interval();
}

void Block::report_deadlock() {
  std::ostringstream text;
  unsigned listed = 0, culprit = nobody;
  for (unsigned i = 0; i < count_; ++i) {
    const Thread& thread = threads_[i];
    if (thread.state == State::done) continue;
    if (culprit == nobody) culprit = i;
    const bool like_before = i > 0 && threads_[i - 1].state == thread.state &&
                             threads_[i - 1].place.line() == thread.place.line() &&
                             threads_[i - 1].place.column() == thread.place.column();
    if (like_before || ++listed > 4) continue;
    text << (listed == 1 ? "" : "; ") << "thread " << describe(thread.index) << " waits ";
    if (thread.state == State::at_barrier) text << "for the block";
    else text << "in " << thread.call->name << " for lanes 0x" << std::hex << thread.call->mask << std::dec;
    text << ", " << describe(thread.place);
  }
  record_failure(culprit, describe(threads_[culprit].place), "no thread can go on: " + text.str());
}

}  // namespace tl::emulator
