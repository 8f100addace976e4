// The library's own thread pool. parallel_for hands out fixed chunks whose bounds depend only on the range and the
// grain, never on the number of threads, so that a kernel which keeps its sums inside a chunk gives the same bits
// for any thread count.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

#include <tl/core/error.hpp>

namespace tl {

/// Worker threads that run one job at a time; the calling thread takes part. A job started inside another job runs
/// on the calling thread alone, so nesting is safe.
class ThreadPool {
 public:
  explicit ThreadPool(int threads) { resize(threads); }
  ~ThreadPool() { stop(); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const noexcept { return size_.load(std::memory_order_relaxed); }

  /// Sets the number of threads (at least 1, the caller included). Throws Error(state) from inside a job, which could
  /// not end while it waits for itself.
  void resize(int threads) {
    check(threads >= 1, ErrorCode::invalid_argument, "thread count: expected at least 1, got ", threads);
    check(!inside_job(), ErrorCode::state, "the number of threads cannot be changed from inside a parallel job");
    std::scoped_lock submit(submit_);
    size_.store(1, std::memory_order_relaxed);
    stop();
    stopping_ = false;
    try {
      for (int i = 1; i < threads; ++i) workers_.emplace_back([this, seen = generation_] { work(seen); });
    } catch (const std::system_error& error) {
      const auto started = workers_.size();
      stop();
      fail(ErrorCode::state, "cannot start ", threads, " threads: the system stopped after ", started, " (",
           error.what(), ")");
    }
    size_.store(threads, std::memory_order_relaxed);
  }

  /// Calls job(context, chunk) for every chunk in [0, chunks), in any order, and returns when all are done.
  /// The first exception thrown by a chunk is rethrown here; chunks not yet started are then skipped.
  void run(std::int64_t chunks, void (*job)(void*, std::int64_t), void* context) {
    if (chunks <= 0) return;
    if (chunks == 1 || size() == 1 || inside_job()) {
      for (std::int64_t chunk = 0; chunk < chunks; ++chunk) job(context, chunk);
      return;
    }
    std::scoped_lock submit(submit_);
    Job current{job, context, chunks};
    {
      std::scoped_lock lock(mutex_);
      job_ = &current;
      ++generation_;
      busy_ = static_cast<int>(workers_.size());
    }
    wake_.notify_all();
    drain(current);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    job_ = nullptr;
    if (current.error) std::rethrow_exception(current.error);
  }

 private:
  struct Job {
    void (*call)(void*, std::int64_t);
    void* context;
    std::int64_t chunks;
    std::atomic<std::int64_t> next{0};
    std::mutex error_mutex{};
    std::exception_ptr error{};
  };

  static bool& inside_job() {
    thread_local bool inside = false;
    return inside;
  }

  static void drain(Job& job) {
    inside_job() = true;
    for (std::int64_t chunk; (chunk = job.next.fetch_add(1, std::memory_order_relaxed)) < job.chunks;) {
      try {
        job.call(job.context, chunk);
      } catch (...) {
        std::scoped_lock lock(job.error_mutex);
        if (!job.error) job.error = std::current_exception();
        job.next.store(job.chunks, std::memory_order_relaxed);
      }
    }
    inside_job() = false;
  }

  // `seen` is the generation when the worker was made: a job submitted before the thread really runs still counts it.
  void work(std::uint64_t seen) {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stopping_ || generation_ != seen; });
      if (stopping_) return;
      seen = generation_;
      Job* job = job_;
      lock.unlock();
      drain(*job);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  void stop() {
    {
      std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
    workers_.clear();
  }

  std::mutex submit_;  // one job at a time, also when several user threads call
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> workers_;
  std::atomic<int> size_{1};  // of workers_ and the caller; readable while another thread resizes
  Job* job_ = nullptr;
  std::uint64_t generation_ = 0;
  int busy_ = 0;
  bool stopping_ = false;
};

/// The pool that all CPU kernels share. Its first size is TL_NUM_THREADS if set, else the number of hardware threads.
inline ThreadPool& thread_pool() {
  static ThreadPool pool([] {
    const char* text = std::getenv("TL_NUM_THREADS");
    if (!text) return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    char* end = nullptr;
    const long threads = std::strtol(text, &end, 10);
    check(end != text && *end == '\0' && threads >= 1 && threads <= 4096, ErrorCode::invalid_argument,
          "TL_NUM_THREADS: expected a number from 1 to 4096, got \"", text, "\"");
    return static_cast<int>(threads);
  }());
  return pool;
}

/// Number of threads the CPU kernels use.
inline int num_threads() { return thread_pool().size(); }

/// Sets the number of threads for all CPU kernels of the process.
inline void set_num_threads(int threads) { thread_pool().resize(threads); }

/// Calls body(begin, end) on consecutive pieces of [0, count), each `grain` long (the last may be shorter), in
/// parallel and in any order. The pieces are the same for every thread count.
template <class Body> void parallel_for(std::int64_t count, std::int64_t grain, Body&& body) {
  if (count <= 0) return;
  grain = std::max<std::int64_t>(1, grain);
  struct Context {
    std::remove_reference_t<Body>* body;
    std::int64_t count, grain;
  } context{&body, count, grain};
  thread_pool().run((count + grain - 1) / grain,
                    [](void* raw, std::int64_t chunk) {
                      auto& c = *static_cast<Context*>(raw);
                      const std::int64_t begin = chunk * c.grain;
                      (*c.body)(begin, std::min(c.count, begin + c.grain));
                    },
                    &context);
}

}  // namespace tl
