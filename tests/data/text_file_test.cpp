// Encodings of data files: what each makes of the same text, and the sentence of every byte that does not fit.
#include <sys/stat.h>

#include <fstream>
#include <string>

#include <tl/data/load_dataset.hpp>
#include <tl/data/text_file.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;
using Texts = std::vector<std::string>;

namespace {

/// UTF-16 of a text of code points below 0x10000, or of surrogates as they are.
std::string utf16(std::u16string_view text, bool big, bool mark) {
  std::string bytes;
  const auto add = [&](char16_t unit) {
    const char low = static_cast<char>(unit & 0xff), high = static_cast<char>(unit >> 8);
    bytes += big ? high : low;
    bytes += big ? low : high;
  };
  if (mark) add(u'\xfeff');
  for (const char16_t unit : text) add(unit);
  return bytes;
}

}  // namespace

TEST_CASE("text file: names of encodings") {
  for (const char* name : {"utf-8", "UTF8", "utf_8", "utf-8-sig"}) CHECK(text_encoding(name) == TextEncoding::utf_8);
  for (const char* name : {"latin-1", "latin1", "ISO-8859-1", "iso8859-1"})
    CHECK(text_encoding(name) == TextEncoding::latin_1);
  for (const char* name : {"cp1252", "windows-1252", "CP-1252"}) CHECK(text_encoding(name) == TextEncoding::cp1252);
  for (const char* name : {"utf-16", "UTF16"}) CHECK(text_encoding(name) == TextEncoding::utf_16);
  for (const auto encoding : {TextEncoding::utf_8, TextEncoding::utf_16, TextEncoding::latin_1, TextEncoding::cp1252})
    CHECK(text_encoding(to_string(encoding)) == encoding);
  TL_REQUIRE_ERROR(text_encoding("klingon"), "encoding: expected utf-8, utf-16, latin-1 or cp1252, got klingon");
  TL_REQUIRE_ERROR(text_encoding(""), "got nothing");
}

TEST_CASE("text file: one text in every encoding") {
  const test::TemporaryFolder folder;
  const auto path = folder / "x";
  const auto read = [&](const std::string& bytes, const char* encoding) {
    test::write_text(path, bytes);
    return detail::read_text_file(path, encoding);
  };
  const std::string text = "a £ é\nb";
  CHECK(read(text, "utf-8") == text);
  CHECK(read("\xef\xbb\xbf" + text, "utf-8") == text);
  CHECK(read("a \xa3 \xe9\nb", "latin-1") == text);
  CHECK(read("a \xa3 \xe9\nb", "cp1252") == text);
  CHECK(read("\x80\x85\x9f", "cp1252") == "€…Ÿ");
  CHECK(read("\x80", "latin-1") == "\xc2\x80");
  for (const bool big : {false, true}) {
    CHECK(read(utf16(u"a £ é\nb", big, true), "utf-16") == text);
    CHECK(read(utf16(u"a £ é\nb", big, true), "utf-8") == text);  // the mark says it
  }
  CHECK(read(utf16(u"a £ é\nb", false, false), "utf-16") == text);
  CHECK(read(utf16(u"\xd83d\xde00中", true, true), "utf-16") == "😀中");
  CHECK(read("", "utf-8").empty());
  CHECK(read("", "utf-16").empty());
}

TEST_CASE("text file: bytes that do not fit say line, byte and what to try") {
  const test::TemporaryFolder folder;
  const auto path = folder / "x";
  const auto refused = [&](const std::string& bytes, const char* encoding, const std::string& part) {
    test::write_text(path, bytes);
    TL_REQUIRE_ERROR(detail::read_text_file(path, encoding), path.string() + part);
  };
  refused("ab\nc\xe9\n", "utf-8",
          ", line 2, byte 4: expected UTF-8, got byte 233; if the file has another encoding, name it: try latin-1");
  refused("ab\nc\x93 \xe9\n", "utf-8",
          ", line 2, byte 4: expected UTF-8, got byte 147; if the file has another encoding, name it: try cp1252");
  refused(utf16(u"ab\né", false, false), "utf-8",
          ", line 2, byte 6: expected UTF-8, got byte 233; if the file has another encoding, name it: try utf-16");
  refused(utf16(u"ab\n", false, false), "utf-8",
          ", line 1, byte 1: expected UTF-8, got a NUL byte; if the file has another encoding, name it: try utf-16");
  refused("ab\n\x81", "cp1252", ", line 2, byte 3: expected cp1252, which has no byte 129; try latin-1 or utf-8");
  refused("abc", "utf-16", ", line 1, byte 2: expected UTF-16, got half a character at the end; try utf-8");
  refused(utf16(u"a\n\xd83d", false, true), "utf-16",
          ", line 2, byte 6: expected UTF-16, got half of a surrogate pair");
  refused(utf16(u"\xde00", false, true), "utf-16", ", line 1, byte 2: expected UTF-16, got half of a surrogate pair");
}

TEST_CASE("text file: only regular files, and a pipe does not wait") {
  const test::TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  TL_REQUIRE_ERROR(load_csv(folder / "pipe"), "expected a regular file, got a device or pipe");
  TL_REQUIRE_ERROR(load_csv(folder / "."), "expected a regular file, got a folder");
  TL_REQUIRE_ERROR(load_csv(folder / "none"), "cannot open");
}

TEST_CASE("text file: every reader takes an encoding") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "x.csv", "text,label\ncaf\xe9,1\n");
  test::write_text(folder / "x.jsonl", "{\"text\": \"caf\xe9\"}\n");
  test::write_text(folder / "x.txt", "caf\xe9\n");
  CHECK(load_csv(folder / "x.csv", {.encoding = "latin-1"}).column<std::string>("text")[0] == "café");
  CHECK(load_jsonl(folder / "x.jsonl", {.encoding = "latin-1"}).column<std::string>("text")[0] == "café");
  CHECK(load_text(folder / "x.txt", "latin-1").column<std::string>("text")[0] == "café");
  for (const char* kind : {"csv", "json", "text"}) {
    const std::string name = kind == std::string("csv") ? "x.csv" : kind == std::string("json") ? "x.jsonl" : "x.txt";
    CHECK(load_dataset(kind, {{"a", folder / name}}, {.encoding = "cp1252"})["a"].column<std::string>("text")[0] ==
          "café");
    TL_REQUIRE_ERROR(load_dataset(kind, {{"a", folder / name}}), "byte ");
  }
  test::write_text(folder / "w.jsonl", utf16(u"{\"text\": \"é\"}\n", false, true));
  CHECK(load_jsonl(folder / "w.jsonl").column<std::string>("text")[0] == "é");
}

TEST_CASE("text file: compressed files without tl::compression") {
  const test::TemporaryFolder folder;
  const auto gz = folder / "train.csv.gz", zst = folder / "train.jsonl.zst";
  test::write_text(gz, "\x1f\x8b\x08 and more");
  TL_REQUIRE_ERROR(load_dataset("csv", {{"train", gz}}),
                   gz.native() +
                       " is compressed with gzip, which this program cannot read; link tl::compression, or decompress "
                       "the file first");
  TL_REQUIRE_ERROR(detail::read_text_file(gz, "utf-8"), "link tl::compression");
  test::write_text(zst, "\x28\xb5\x2f\xfd and more");
  TL_REQUIRE_ERROR(load_dataset("json", {{"train", zst}}), "is compressed with zstd, which this program cannot read");
  test::write_text(gz, "text\na\n");
  TL_REQUIRE_ERROR(load_dataset("csv", {{"train", gz}}),
                   "expected a file compressed with gzip, as its extension .gz "
                   "says, got other bytes");
}
