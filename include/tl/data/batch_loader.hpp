// The batches of an epoch one after the other. Of a collator with much work, each is prepared while the model works on
// the one before it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

#include <tl/core/parallel.hpp>
#include <tl/data/collator.hpp>
#include <tl/data/sampler.hpp>

namespace tl {

/// Calls a collator for the batches of a sampler, in order. For one that asks for it, a thread is one batch ahead,
/// never more, so that memory stays that of two batches; else, with num_threads() == 1, or for a single batch, next()
/// does the work itself. The batches are the same either way. Not for use from several threads.
class BatchLoader {
 public:
  /// Begins with batch number `first` of `batches`. `collate` must outlive the loader.
  BatchLoader(BatchSampler batches, const Collator& collate, std::int64_t first = 0)
      : batches_(std::move(batches)), collate_(collate), next_(first) {
    if (!collate.prepares_ahead() || num_threads() == 1 || batches_.size() - first < 2) return;
    try {
      thread_ = std::thread([this, first] { prepare_from(first); });
    } catch (const std::system_error&) {  // no more threads: next() does the work
    }
  }

  ~BatchLoader() {
    if (!thread_.joinable()) return;
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    taken_.notify_one();
    thread_.join();
  }

  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// Number of batches, those before the first one included.
  std::int64_t size() const noexcept { return batches_.size(); }

  /// The next batch. Throws what the collator throws for it, again and again, and Error(invalid_argument) after the
  /// last one.
  Batch next() {
    rows_ = batches_[next_];
    Batch batch = thread_.joinable() ? take_prepared() : collate_(rows_);
    ++next_;
    return batch;
  }

  /// The rows of the batch that next() returned last, or failed to make; none before the first call.
  std::span<const std::int64_t> rows() const noexcept { return rows_; }

 private:
  /// What the thread runs.
  void prepare_from(std::int64_t first) {
    for (std::int64_t i = first; i < batches_.size(); ++i) {
      std::unique_lock lock(mutex_);
      taken_.wait(lock, [this] { return !batch_ || stopping_; });
      if (stopping_) return;
      lock.unlock();
      std::unique_ptr<Batch> batch;
      std::exception_ptr error;
      try {
        batch = std::make_unique<Batch>(collate_(batches_[i]));
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      batch_ = std::move(batch);
      error_ = error;
      lock.unlock();
      prepared_.notify_one();
      if (error) return;
    }
  }

  Batch take_prepared() {
    std::unique_lock lock(mutex_);
    prepared_.wait(lock, [this] { return batch_ || error_; });
    if (error_) std::rethrow_exception(error_);
    const std::unique_ptr<Batch> batch = std::move(batch_);
    lock.unlock();
    taken_.notify_one();
    return std::move(*batch);
  }

  BatchSampler batches_;
  const Collator& collate_;
  std::int64_t next_;
  std::span<const std::int64_t> rows_;

  std::mutex mutex_;  // of all that follows
  std::condition_variable prepared_, taken_;
  std::unique_ptr<Batch> batch_;
  std::exception_ptr error_;  // what ended the thread
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tl
