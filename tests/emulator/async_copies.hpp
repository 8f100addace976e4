// cp.async: a copy from device to shared memory that happens between its start and the wait for its group.
#pragma once

namespace tl::emulator {

/// Ends what a thread has started, when it leaves the kernel.
void end_copies();

}  // namespace tl::emulator
