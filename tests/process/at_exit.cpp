// Predictions while the program ends: in a handler of atexit() that was registered before anything of the library ran,
// in another one, and in the destructor of an object of static duration that holds a pipeline.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <tl/pipelines/text_classification.hpp>

namespace {

using Pipeline = decltype(tl::pipeline("text-classification", ""));

std::string expected;
int answers = 0;

void ask(const Pipeline& pipeline, const char* when) {
  const auto answer = pipeline("a fine day");
  if (answer.label != expected) {
    std::printf("%s: expected %s, got %s\n", when, expected.c_str(), answer.label.c_str());
    std::_Exit(1);
  }
  ++answers;
}

/// Constructed before main(), so that it is destroyed last of all.
struct Holder {
  std::unique_ptr<Pipeline> pipeline;
  ~Holder() {
    ask(*pipeline, "static destructor");
    if (answers != 4) std::_Exit(1);
    std::puts("4 answers");
  }
};

Holder holder;
const Pipeline* leaked = nullptr;
void early() { ask(*leaked, "handler registered before the library was used"); }
void late() { ask(*leaked, "handler registered after"); }

}  // namespace

int main() {
  std::atexit(early);
  const std::string folder = TL_TESTS_DIR "/reference/data/pipeline";
  tl::set_num_threads(3);
  leaked = new Pipeline(tl::pipeline("text-classification", folder));
  holder.pipeline = std::make_unique<Pipeline>(tl::pipeline("text-classification", folder));
  expected = (*leaked)("a fine day").label;
  ask(*leaked, "main");
  std::atexit(late);
  return 0;
}
