// Tests of bars of downloads.
#include <tl/hub/progress_bar.hpp>

#include "support/catch.hpp"

using namespace tl::hub;

TEST_CASE("hub: a bar of a download has the parts of a notebook's") {
  Progress progress{"org/tiny", "model.safetensors", 134000000, 0, 268000000};
  std::string half;
  for (int i = 0; i < 10; ++i) half += "\u2588";
  CHECK(progress_text(progress, 2.0) ==
        "model.safetensors:  50%|" + half + "          | 134M/268M [00:02<00:02, 67.0MB/s]");
  progress.resumed = 134000000;
  CHECK(progress_text(progress, 0.0) == "model.safetensors:  50%|" + half + "          | 134M/268M [00:00<?, ?B/s]");
  progress.total.reset();
  CHECK(progress_text(progress, 3661.0) == "model.safetensors: 134MB [1:01:01, ?B/s]");
  CHECK(progress_text({"org/tiny", "empty.txt", 0, 0, 0}, 0.5).starts_with("empty.txt: 100%|"));
  CHECK(progress_text({"org/tiny", std::string(60, 'x'), 0, 0, 10}, 0.5)
            .starts_with("(...)" + std::string(35, 'x') + ": "));
  progress.waiting = true;
  CHECK(progress_text(progress, 0.5) == "model.safetensors: another process downloads it, waiting");
}

TEST_CASE("hub: numbers of bytes have three digits and a unit") {
  using tl::hub::detail::with_unit;
  CHECK(with_unit(0) == "0.00");
  CHECK(with_unit(48) == "48.0");
  CHECK(with_unit(999) == "999");
  CHECK(with_unit(999.6) == "1.00k");
  CHECK(with_unit(1434000000) == "1.43G");
}

TEST_CASE("hub: a bar is drawn over the last one, and stays when the file is complete") {
  std::string text;
  const ProgressBar bar([&](std::string_view more) { text += more; });
  bar({"org/tiny", "a.txt", 5, 0, 10});
  CHECK(text.starts_with("\r\033[Ka.txt:  50%"));
  CHECK(text.find('\n') == std::string::npos);
  bar({"org/tiny", "a.txt", 10, 0, 10, false, true});
  CHECK(text.ends_with("]\n"));
}
