// Locks that are held for a moment and belong to objects that come and go cannot be taken one by one before fork(). Who
// holds such a lock holds the gate, too, and fork() passes only while no thread is inside.
#pragma once

#include <pthread.h>

#include <new>
#include <shared_mutex>

namespace tl::detail {

/// The gate. Sections that lock a mutex of an object share it: `const std::shared_lock gate(fork_gate())`, before the
/// mutex; they start no parallel job and do not nest.
[[gnu::visibility("default")]] inline std::shared_mutex& fork_gate() {
  static std::shared_mutex& gate = []() -> std::shared_mutex& {
    auto& made = *new std::shared_mutex;  // never destroyed: objects of static duration may use it
    ::pthread_atfork([] { fork_gate().lock(); }, [] { fork_gate().unlock(); },
                     [] { new (&fork_gate()) std::shared_mutex; });  // the child's thread is not the one that locked it
    return made;
  }();
  return gate;
}

}  // namespace tl::detail
