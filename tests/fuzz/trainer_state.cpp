// Fuzzer of what a resumed run reads: trainer_state.json (an even first byte), or progress.json and rng.json (odd, cut
// by 0xFF). A state that was read is written and read again as the same.
#include <tl/io/json_file.hpp>
#include <tl/train/checkpoint.hpp>
#include <tl/train/trainer_state.hpp>

#include "fuzz.hpp"

using namespace tl;
using namespace tl::fuzz;

namespace {

void read_state(std::string_view file) {
  const auto path = folder().write("trainer_state.json", file);
  const TrainerState state = TrainerState::load(path);
  const std::string text = dump_json(state.to_json());
  folder().write("trainer_state.json", text);
  require(guarded([&] {
            require(dump_json(TrainerState::load(path).to_json()) == text, "a state changes when it is written");
          }),
          "a state that was written is not read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const bool state = input.byte() % 2 == 0;
  guarded([&] {
    if (state) return read_state(input.rest());
    folder().write("progress.json", input.part());
    folder().write("rng.json", input.part());
    tl::detail::load_progress(folder().path());
  });
  return 0;
}
