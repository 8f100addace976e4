// The library's own thread pool. parallel_for hands out fixed chunks whose bounds depend only on the range and the
// grain, never on the number of threads, so that a kernel which keeps its sums inside a chunk gives the same bits
// for any thread count.
#pragma once

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/core/caching_allocator.hpp>
#include <tl/core/cpu_features.hpp>
#include <tl/core/error.hpp>
#include <tl/core/fork_gate.hpp>

namespace tl {

/// Worker threads that run one job at a time; the calling thread takes part. A job started inside another job runs
/// on the calling thread alone, so nesting is safe.
///
/// A training step is a thousand jobs, most of them shorter than it takes the system to wake a thread. So a worker that
/// has nothing to do looks out for the next job for some microseconds before it sleeps, and a job waits only for the
/// workers that joined it, never for one that is still waking up.
///
/// fork() copies the calling thread alone. The shared pool waits for a job of another thread to end before it lets
/// itself be copied (before_fork), and its copy starts workers of its own when it has the first job
/// (after_fork_in_child).
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
      start(threads);
    } catch (const std::system_error& error) {
      const auto started = workers_.size();
      stop();
      fail(ErrorCode::state, "cannot start ", threads, " threads: the system stopped after ", started, " (",
           error.what(), ")");
    }
    size_.store(threads, std::memory_order_relaxed);
  }

  /// Ends the workers. Jobs may still come; they run on the calling thread alone. From inside a job nothing happens.
  void end() {
    if (inside_job()) return;
    std::scoped_lock submit(submit_);
    size_.store(1, std::memory_order_relaxed);
    stop();
  }

  /// Waits until no job is running and keeps others from starting. A fork from inside a job cannot wait for itself; its
  /// child gets a pool that works, but must not return into the job.
  void before_fork() {
    if (!inside_job()) submit_.lock();
  }
  void after_fork_in_parent() {
    if (!inside_job()) submit_.unlock();
  }

  /// The child has none of the workers, and whatever they held is held for ever: everything starts afresh.
  void after_fork_in_child() {
    new (&submit_) std::mutex;
    new (&mutex_) std::mutex;
    new (&wake_) std::condition_variable;
    new (&done_) std::condition_variable;
    static std::vector<std::vector<std::thread>>& gone = *new std::vector<std::vector<std::thread>>;
    gone.push_back(std::exchange(workers_, {}));  // neither joined nor destroyed: their threads do not exist here
    job_ = nullptr;
    state_ = 0;
    sleeping_workers_ = 0;
    caller_sleeps_ = stopping_ = false;
    lost_workers_ = size() > 1;
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
    if (lost_workers_) replace_lost_workers();
    Job current{job, context, chunks};
    job_ = &current;
    state_.fetch_add(one_job + open);  // the state was closed and without workers
    if (sleeping_workers_.load() > 0) {
      std::scoped_lock lock(mutex_);
      wake_.notify_all();
    }
    drain(current);
    state_.fetch_sub(open);
    const auto left = [this] { return (state_.load() & joined) == 0; };
    if (!spin_until(left)) {
      std::unique_lock lock(mutex_);
      caller_sleeps_ = true;
      done_.wait(lock, left);
      caller_sleeps_ = false;
    }
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

  // state_ holds, from the lowest bit: how many workers have joined the present job, whether it is open to more of
  // them, and the number of jobs so far.
  static constexpr std::uint64_t joined = (std::uint64_t{1} << 16) - 1, open = joined + 1, one_job = 2 * open;

  static bool& inside_job() {
    thread_local bool inside = false;
    return inside;
  }

  static void relax() {
#ifdef TL_X86_64
    __builtin_ia32_pause();
#endif
  }

  /// Waits for a condition without sleeping; false if it did not come true within some 50 microseconds.
  template <class Condition> static bool spin_until(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(50);
    do {
      for (int i = 0; i < 32; ++i) {
        if (condition()) return true;
        relax();
      }
    } while (std::chrono::steady_clock::now() < end);
    return condition();
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

  /// Starts the workers of a pool of `threads` threads. Throws std::system_error if the system has no more.
  void start(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  }

  /// In a child of fork(), as many as the parent had, or as the system gives: results do not depend on it.
  void replace_lost_workers() {
    lost_workers_ = false;
    try {
      start(size());
    } catch (const std::system_error&) {
      size_.store(1 + static_cast<int>(workers_.size()), std::memory_order_relaxed);
    }
  }

  void work() {
    std::uint64_t seen = 0;
    const auto news = [&] { return stopping_.load() || state_.load() / one_job != seen; };
    for (;;) {
      if (!spin_until(news)) {
        std::unique_lock lock(mutex_);
        ++sleeping_workers_;
        wake_.wait(lock, news);
        --sleeping_workers_;
      }
      if (stopping_) return;
      std::uint64_t state = state_.load();
      seen = state / one_job;
      while (state & open && state / one_job == seen && !state_.compare_exchange_weak(state, state + 1)) {
      }
      if (!(state & open) || state / one_job != seen) continue;
      drain(*job_);
      state_.fetch_sub(1);
      if (caller_sleeps_) {
        std::scoped_lock lock(mutex_);
        done_.notify_one();
      }
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
  std::mutex mutex_;   // for sleeping and waking
  std::condition_variable wake_, done_;
  std::vector<std::thread> workers_;
  std::atomic<int> size_{1};  // of workers_ and the caller; readable while another thread resizes
  Job* job_ = nullptr;        // read only by a worker that has joined, while the job is open or waits for it
  std::atomic<std::uint64_t> state_{0};
  std::atomic<int> sleeping_workers_{0};
  std::atomic<bool> caller_sleeps_{false}, stopping_{false};
  bool lost_workers_ = false;  // in a child of fork() that has had no job yet; guarded by submit_
};

namespace detail {

/// TL_NUM_THREADS if set, else the number of hardware threads.
inline int first_pool_size() {
  const char* text = std::getenv("TL_NUM_THREADS");
  if (!text) return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  char* end = nullptr;
  const long threads = std::strtol(text, &end, 10);
  check(end != text && *end == '\0' && threads >= 1 && threads <= 4096, ErrorCode::invalid_argument,
        "TL_NUM_THREADS: expected a number from 1 to 4096, got \"", text, "\"");
  return static_cast<int>(threads);
}

}  // namespace detail

/// The pool that all CPU kernels share. Its first size is TL_NUM_THREADS if set, else the number of hardware threads.
/// It is never destroyed, so that objects of static duration can still compute; its workers end with the program.
[[gnu::visibility("default")]] inline ThreadPool& thread_pool() {
  static ThreadPool& pool = [&]() -> ThreadPool& {
    // Handlers run before fork() in the reverse order of their registration. A job may use the gate and the
    // allocator, so the pool must be waited for before they are locked.
    detail::CachingAllocator::instance();
    detail::fork_gate();
    auto& made = *new ThreadPool(detail::first_pool_size());
    ::pthread_atfork([] { thread_pool().before_fork(); }, [] { thread_pool().after_fork_in_parent(); },
                     [] { thread_pool().after_fork_in_child(); });
    std::atexit([] { thread_pool().end(); });
    return made;
  }();
  return pool;
}

/// Number of threads the CPU kernels use.
inline int num_threads() { return thread_pool().size(); }

/// Sets the number of threads for all CPU kernels of the process.
inline void set_num_threads(int threads) { thread_pool().resize(threads); }

namespace detail {

/// parallel_for() for a body by address, so that each body costs one small function.
inline void run_pieces(std::int64_t count, std::int64_t grain, void* body,
                       void (*call)(void*, std::int64_t, std::int64_t)) {
  struct Pieces {
    std::int64_t count, grain;
    void* body;
    void (*call)(void*, std::int64_t, std::int64_t);
  } pieces{count, std::max<std::int64_t>(1, grain), body, call};
  if (count <= 0) return;
  thread_pool().run((count + pieces.grain - 1) / pieces.grain,
                    [](void* raw, std::int64_t chunk) {
                      const auto& p = *static_cast<const Pieces*>(raw);
                      const std::int64_t begin = chunk * p.grain;
                      p.call(p.body, begin, std::min(p.count, begin + p.grain));
                    },
                    &pieces);
}

template <class Body> void call_body(void* body, std::int64_t begin, std::int64_t end) {
  (*static_cast<Body*>(body))(begin, end);
}

}  // namespace detail

/// Calls body(begin, end) on consecutive pieces of [0, count), each `grain` long (the last may be shorter), in
/// parallel and in any order. The pieces are the same for every thread count.
template <class Body> void parallel_for(std::int64_t count, std::int64_t grain, const Body& body) {
  detail::run_pieces(count, grain, const_cast<Body*>(std::addressof(body)), detail::call_body<const Body>);
}

}  // namespace tl
