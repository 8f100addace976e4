// Event files: bytes equal to TensorBoard's own writer, names that sort after those before, and files that stay whole.
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstdint>
#include <ctime>

#include <tl/io/event_file.hpp>

#include "support/catch.hpp"
#include "support/event_records.hpp"
#include "support/reference.hpp"

using namespace tl;
using tl::test::names_in;
using tl::test::read_events;
using tl::test::read_text;
using tl::test::ReadEvent;
using tl::test::TemporaryFolder;
using tl::test::write_text;

namespace {

std::string hexadecimal_of(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes)
    for (const int shift : {4, 0}) text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> shift & 15];
  return text;
}

}  // namespace

TEST_CASE("crc32c: known values") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xE3069283U);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAU);
  CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43U);
  CHECK(masked_crc32c("123456789") == ((0xE3069283U >> 15) | (0xE3069283U << 17)) + 0xA282EAD8U);
}

TEST_CASE("event records: the bytes of TensorBoard's own writer") {
  using namespace tl::detail;
  const auto record = [](std::int64_t step, EventContent kind, const std::string& content) {
    return hexadecimal_of(event_record(event_message(1.5, step, kind, content)));
  };
  CHECK(record(7, EventContent::summary, scalar_summary("train/loss", 0.25F)) ==
        "200000000000000029eda95009000000000000f83f10072a130a110a0a747261696e2f6c6f7373150000803ef4985d1a");
  CHECK(record(300, EventContent::summary, scalar_summary("eval/loss", std::nanf(""))) ==
        "200000000000000029eda95009000000000000f83f10ac022a120a100a096576616c2f6c6f7373150000c07f870b9258");
  CHECK(record(0, EventContent::summary, text_summary("args", "{}")) ==
        "3800000000000000a3797d5709000000000000f83f2a2d0a2b0a11617267732f746578745f73756d6d617279420c080712041202080142"
        "027b7d4a080a060a04746578748275823a");
  CHECK(record(8, EventContent::session, session_start()) ==
        "0f000000000000006d532b0909000000000000f83f10083a0208019571c7d1");
}

TEST_CASE("event files: what is added is read back, a file cut anywhere is readable up to there") {
  const TemporaryFolder folder;
  EventFile file(folder.path());
  file.add_scalar("train/loss", 0.625, 3);
  file.add_scalar("train/zero", 0.0, 3);
  file.add_text("caf\xc3\xa9", std::string(300, 'x'), 1);
  CHECK(read_events(read_text(file.path())).size() == 1);  // nothing is half written: before flush() there is nothing
  file.flush();
  file.start_session(std::int64_t{1} << 40);
  file.flush();
  const std::string bytes = read_text(file.path());
  const std::vector<ReadEvent> events = read_events(bytes);
  REQUIRE(events.size() == 5);
  CHECK(events[0].version == "brain.Event:2");
  CHECK((events[1].tag == "train/loss" && events[1].value == 0.625F && events[1].step == 3));
  CHECK((events[2].has_value && events[2].value == 0.0F));
  CHECK((events[3].tag == "caf\xc3\xa9/text_summary" && events[3].text == std::string(300, 'x')));
  CHECK((events[3].plugin == "text" && events[3].step == 1));
  CHECK((events[4].session == 1 && events[4].step == std::int64_t{1} << 40));
  CHECK(std::abs(events[4].seconds - static_cast<double>(std::time(nullptr))) < 100);
  std::size_t last = 0;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::size_t count = read_events(std::string_view(bytes).substr(0, size)).size();
    CHECK((count == last || count == last + 1));
    last = count;
  }
}

TEST_CASE("event files: each sorts after those before, also after one from the future") {
  const TemporaryFolder folder;
  std::string former;
  for (int i = 0; i < 3; ++i) {
    const std::string name = EventFile(folder.path()).path().filename().string();
    CHECK(name > former);
    former = name;
  }
  write_text(folder / "events.out.tfevents.4000000000.host.1.0", "");
  write_text(folder / "events.out.tfevents.x", "");
  CHECK(EventFile(folder.path()).path().filename().string().starts_with("events.out.tfevents.4000000001."));
  TL_REQUIRE_ERROR(EventFile(folder / "none"), ": No such file or directory");
}

TEST_CASE("append files: pieces, cutting, and what there is no room for") {
  const TemporaryFolder folder;
  auto file = AppendFile::create(folder / "log");
  REQUIRE(file);
  CHECK(!AppendFile::create(folder / "log"));
  file->append("one\n");
  file->append("two\n");
  CHECK(read_text(folder / "log") == "one\ntwo\n");
  AppendFile::open(folder / "log", 4).append("three\n");
  CHECK(read_text(folder / "log") == "one\nthree\n");
  TL_REQUIRE_ERROR(AppendFile::open(folder / "none", 0), "cannot open " + (folder / "none").string());
  TL_REQUIRE_ERROR(AppendFile::create(folder / "none" / "log"), "cannot create ");

  rlimit former{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &former) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = former;
  small.rlim_cur = 14;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string sentence = tl::test::error_of([&] { file->append("longer than that\n"); });
  ::setrlimit(RLIMIT_FSIZE, &former);
  std::signal(SIGXFSZ, handler);
  CHECK(sentence == "cannot write " + (folder / "log").string() + ": File too large");
  CHECK(read_text(folder / "log") == "one\nthree\n");
  file->append("four\n");
  CHECK(read_text(folder / "log") == "one\nthree\nfour\n");
}
