// Data files compressed by gzip and zstd, which zlib and libzstd write here: their rows, files of several members or
// frames, readings of any size, and the sentences for files that are cut short, damaged or something else.
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <tl/data/compression.hpp>
#include <tl/data/load_dataset.hpp>
#include <tl/data/stream_dataset.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;
using namespace tl::test;
using Texts = std::vector<std::string>;

namespace {

std::string gzip(std::string_view text) {
  z_stream stream = {};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string bytes(deflateBound(&stream, text.size()), '\0');
  std::string input(text);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

/// A frame with a checksum, as the program zstd writes it.
std::string zstd(std::string_view text, int window_log = 0) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  // A frame that states the length of its text, or is written by one call, has a window of that length.
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, window_log == 0 ? 1 : 0);
  std::string bytes(ZSTD_compressBound(text.size()), '\0');
  ZSTD_outBuffer out = {bytes.data(), bytes.size(), 0};
  ZSTD_inBuffer in = {text.data(), text.size(), 0};
  if (window_log != 0) ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue);
  REQUIRE(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) == 0);
  ZSTD_freeCCtx(context);
  bytes.resize(out.pos);
  return bytes;
}

struct Format {
  const char* extension;
  std::string (*compress)(std::string_view);
};
const Format formats[] = {{".gz", gzip}, {".zst", [](std::string_view text) { return zstd(text); }}};

/// Text that compresses badly, longer than what is read of a file at a time.
std::string long_text(std::size_t size) {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < size) {
    state = state * 1664525 + 1013904223;
    text += std::to_string(state);
    text += '\n';
  }
  text.resize(size);
  return text;
}

std::string read_in_pieces(const std::filesystem::path& path, std::size_t piece) {
  const auto source = open_data_file(path);
  std::string text, bytes(piece, '\0');
  for (;;) {
    const std::size_t got = source->read(bytes.data(), piece);
    text.append(bytes, 0, got);
    if (got < piece) break;
  }
  CHECK(source->read(bytes.data(), piece) == 0);
  return text;
}

}  // namespace

TEST_CASE("compression: rows are those of the file that was compressed") {
  const TemporaryFolder folder;
  const std::string csv = "text,label\n\"a, fine\nfilm\",1\né,0\n", tsv = "text\tlabel\na \"b\"\t1\n";
  const std::string json = "{\"text\": \"a\", \"score\": 0.5}\n{\"text\": \"b\", \"score\": 2}\n";
  for (const auto& [extension, compress] : formats) {
    INFO(extension);
    const auto csv_file = folder / (std::string("train.csv") + extension);
    const auto tsv_file = folder / (std::string("TRAIN.TSV") + extension);
    const auto json_file = folder / (std::string("train.jsonl") + extension);
    write_text(csv_file, compress(csv));
    write_text(tsv_file, compress(tsv));
    write_text(json_file, compress(json));
    const Dataset rows = load_dataset("csv", {{"train", csv_file}})["train"];
    CHECK(rows.column<std::string>("text").to_vector() == Texts{"a, fine\nfilm", "é"});
    CHECK(rows.column<std::int64_t>("label").to_vector() == std::vector<std::int64_t>{1, 0});
    CHECK(load_dataset(tsv_file.native(), Split("train")).column<std::string>("text").to_vector() == Texts{"a \"b\""});
    const Dataset objects = load_dataset(json_file.native(), Split("train"));
    CHECK(objects.column<std::string>("text").to_vector() == Texts{"a", "b"});
    CHECK(objects.column<double>("score").to_vector() == std::vector<double>{0.5, 2});
  }
}

TEST_CASE("compression: a stream has the rows of the file, window after window") {
  const TemporaryFolder folder;
  const std::string text = long_text(5'000'000);
  write_text(folder / "train.txt", text);
  const Dataset whole = load_text(folder / "train.txt");
  for (const auto& [extension, compress] : formats) {
    INFO(extension);
    const auto file = folder / (std::string("train.txt") + extension);
    write_text(file, compress(text));
    const IterableDataset stream = stream_dataset("text", DataFiles{{"train", file}}, Split("train"));
    std::int64_t row = 0;
    bool equal = true;
    const auto texts = whole.column<std::string>("text");
    for (const Row one : stream) equal = equal && one.get<std::string>("text") == texts[row++];
    CHECK(equal);
    CHECK(row == whole.num_rows());
  }
}

TEST_CASE("compression: files of a folder are found by the extension before that of the compression") {
  const TemporaryFolder folder;
  write_text(folder / "train.csv.gz", gzip("text\na\nb\n"));
  write_text(folder / "test.csv.zst", zstd("text\nc\n"));
  const DatasetDict data = load_dataset(folder.path().native());
  CHECK(data["train"].column<std::string>("text").to_vector() == Texts{"a", "b"});
  CHECK(data["test"].column<std::string>("text").to_vector() == Texts{"c"});
}

TEST_CASE("compression: several members or frames are read one after the other, by pieces of any size") {
  const TemporaryFolder folder;
  const std::string text = long_text(1500000);
  const std::string_view all = text;
  for (const auto& [extension, compress] : formats) {
    INFO(extension);
    const auto path = folder / (std::string("x.csv") + extension);
    write_text(path, compress(all.substr(0, 700000)) + compress("") + compress(all.substr(700000)));
    CHECK(detail::read_data_file(path) == text);
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{700000}, std::size_t{750000}, text.size() * 2})
      CHECK(read_in_pieces(path, piece) == text);
    write_text(path, compress("ab") + compress("c"));
    CHECK(read_in_pieces(path, 1) == "abc");
  }
  const auto padded = folder / "padded.csv.gz";
  write_text(padded, gzip("a\n") + std::string(512, '\0'));
  CHECK(detail::read_data_file(padded) == "a\n");
  const auto skippable = folder / "skippable.csv.zst";
  write_text(skippable, zstd("a\n") + std::string("\x50\x2a\x4d\x18\x03\0\0\0abc", 11) + zstd("b\n"));
  CHECK(detail::read_data_file(skippable) == "a\nb\n");
}

TEST_CASE("compression: a few bytes that become megabytes are read by pieces") {
  const TemporaryFolder folder;
  const std::string zeros(std::size_t{1} << 22, '0');
  for (const auto& [extension, compress] : formats) {
    const auto path = folder / (std::string("x.csv") + extension);
    write_text(path, compress(zeros));
    CHECK(read_in_pieces(path, 4096) == zeros);
  }
}

TEST_CASE("compression: empty files") {
  const TemporaryFolder folder;
  for (const auto& [extension, compress] : formats) {
    INFO(extension);
    const auto path = folder / (std::string("x.csv") + extension);
    write_text(path, compress(""));
    CHECK(detail::read_data_file(path).empty());
    CHECK(load_csv(path).num_rows() == 0);  // as of an empty file that is not compressed
    write_text(path, "");
    TL_REQUIRE_ERROR(load_csv(path), std::string(extension) + " says, got other bytes; was its download cut short");
  }
}

TEST_CASE("compression: a file that is cut short is an error wherever it ends") {
  const TemporaryFolder folder;
  for (const auto& [extension, compress] : formats) {
    INFO(extension);
    const auto path = folder / (std::string("x.csv") + extension);
    const std::string first = compress("text\na\n"), whole = first + compress("b\n");
    for (std::size_t size = 4; size < whole.size(); ++size) {
      write_text(path, whole.substr(0, size));
      if (size == first.size()) {
        CHECK(detail::read_data_file(path) == "text\na\n");  // no format says how many parts there are
        continue;
      }
      INFO(size);
      const std::string format = extension == std::string(".gz") ? "gzip" : "zstd";
      TL_REQUIRE_ERROR(detail::read_data_file(path), path.native() + ": expected a whole " + format +
                                                         " file, got only its first " + std::to_string(size) +
                                                         " bytes; its download or copy was cut short, fetch it again");
    }
    const std::string rows = "n\n" + long_text(600000);
    const std::string bytes = compress(rows);
    write_text(path, bytes.substr(0, bytes.size() / 2));
    TL_REQUIRE_ERROR(load_csv(path), "its download or copy was cut short");
    write_text(path, bytes.substr(0, bytes.size() - 1));
    TL_REQUIRE_ERROR(load_csv(path), "its download or copy was cut short");
  }
}

TEST_CASE("compression: no byte of a damaged file becomes a wrong text") {
  const TemporaryFolder folder;
  const std::string text = long_text(3000);
  for (const auto& [extension, compress] : formats) {
    INFO(extension);
    const auto path = folder / (std::string("x.csv") + extension);
    const std::string whole = compress(text);
    int errors = 0;
    for (std::size_t at = 4; at < whole.size(); ++at) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
      write_text(path, bytes);
      std::string got = text;
      try {
        got = detail::read_data_file(path);
      } catch (const Error& error) {
        ++errors;
        CHECK(error.code() == ErrorCode::format);
        CHECK(std::string_view(error.what()).starts_with(path.native() + ": expected "));
      }
      if (got != text) FAIL("byte " << at << " gave another text");
    }
    CHECK(errors > 1000);
  }
}

TEST_CASE("compression: the sentences for damaged files and for bytes after the last part") {
  const TemporaryFolder folder;
  const auto gz = folder / "x.csv.gz", zst = folder / "x.csv.zst";
  std::string bytes = gzip("text\na\n");
  bytes[bytes.size() - 8] = static_cast<char>(bytes[bytes.size() - 8] ^ 1);
  write_text(gz, bytes);
  TL_REQUIRE_ERROR(load_dataset("csv", {{"train", gz}}), gz.native() +
                                                             ": expected an intact gzip file, got damaged bytes before "
                                                             "byte " +
                                                             std::to_string(bytes.size() - 4) +
                                                             " (incorrect data check); fetch it again");
  write_text(gz, gzip("text\na\n") + "more");
  TL_REQUIRE_ERROR(load_csv(gz), "(incorrect header check); fetch it again");
  bytes = zstd("text\na\n");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_text(zst, bytes);
  TL_REQUIRE_ERROR(load_dataset("csv", {{"train", zst}}),
                   zst.native() + ": expected an intact zstd file, got damaged bytes before byte ");
  TL_REQUIRE_ERROR(load_csv(zst), "checksum); fetch it again");
  write_text(zst, zstd("text\na\n") + "more");
  TL_REQUIRE_ERROR(load_csv(zst), "(Unknown frame descriptor); fetch it again");
}

TEST_CASE("compression: frames that need more than a reader has") {
  const TemporaryFolder folder;
  const auto path = folder / "x.csv.zst";
  write_text(path, zstd("text\na\n", 28));
  TL_REQUIRE_ERROR(load_csv(path),
                   path.native() +
                       ": expected a zstd file, got one that refers back by more than 128 MiB; compress "
                       "it without --long");
  std::string bytes = zstd("text\na\n");
  bytes[4] = static_cast<char>(bytes[4] | 1);  // the frame's header then names a dictionary by one byte
  bytes.insert(5, "\x07");
  write_text(path, bytes);
  TL_REQUIRE_ERROR(load_csv(path), "expected a zstd file, got one that needs a dictionary; compress it without");
}

TEST_CASE("compression: content that is not what the extension says") {
  const TemporaryFolder folder;
  const std::string text = "text\na\n";
  const auto gz = folder / "x.csv.gz", zst = folder / "x.csv.zst";
  write_text(gz, text);
  TL_REQUIRE_ERROR(load_dataset("csv", {{"train", gz}}),
                   gz.native() +
                       ": expected a file compressed with gzip, as its extension "
                       ".gz says, got other bytes; was its download cut short, or "
                       "is it decompressed already?");
  write_text(zst, text);
  TL_REQUIRE_ERROR(load_csv(zst), "expected a file compressed with zstd, as its extension .zst says, got other bytes");
  // How a file is compressed is told by its first bytes, as in Python's datasets: these are read, and read right.
  write_text(zst, gzip(text));
  CHECK(load_csv(zst).column<std::string>("text").to_vector() == Texts{"a"});
  write_text(gz, zstd(text));
  CHECK(load_csv(gz).column<std::string>("text").to_vector() == Texts{"a"});
  write_text(zst, std::string("\x5f\x2a\x4d\x18\x03\x00\x00\x00", 8) + "any" + zstd(text));  // skipped by readers
  CHECK(load_csv(zst).column<std::string>("text").to_vector() == Texts{"a"});
  write_text(folder / "x.csv", gzip(text));
  CHECK(load_csv(folder / "x.csv").column<std::string>("text").to_vector() == Texts{"a"});
}
