// XXH64 against the values of the reference implementation, and what is computed while files are written.
#include <tl/io/atomic_file.hpp>
#include <tl/io/checksum.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;

namespace {

std::string checksum_of(std::string_view text, std::size_t piece = 1000, std::uint64_t seed = 0) {
  Xxh64 checksum(seed);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const std::string_view part = text.substr(at, piece);
    checksum.update(std::as_bytes(std::span(part.data(), part.size())));
  }
  return tl::detail::checksum_text(checksum.digest());
}

}  // namespace

TEST_CASE("checksum: the values of xxhsum") {
  CHECK(checksum_of("") == "ef46db3751d8e999");
  CHECK(checksum_of("a") == "d24ec4f1a98c6e5b");
  CHECK(checksum_of("abc") == "44bc2cf5ad770999");
  CHECK(checksum_of("abcdefghij") == "d6287a1de5498bb2");
  CHECK(checksum_of("Nobody inspects the spammish repetition") == "fbcea83c8a378bf1");
  CHECK(checksum_of("a", 1, 1) == "dec2bc81c3cd46c6");
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>(i % 251);
  for (const std::size_t piece : {1, 3, 31, 32, 33, 64, 999, 1000})
    CHECK(checksum_of(text, piece) == "f306f04aa88b54d3");
}

TEST_CASE("checksum: every flipped bit changes it") {
  std::string text(100, 'x');
  const std::string whole = checksum_of(text);
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    CHECK(checksum_of(text) != whole);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  }
}

TEST_CASE("checksum: computed while a file is written, by the innermost log of the thread") {
  const test::TemporaryFolder folder;
  const ChecksumLog outer;
  const std::string text(10'000'000, 'y');  // goes to the disk in several pieces
  {
    const ChecksumLog inner;
    write_file(folder / "a", text);
    CHECK(tl::detail::checksum_text(inner.find(folder / "a").value()) == checksum_of(text));
  }
  CHECK_FALSE(outer.find(folder / "a"));
  write_file(folder / "b", "abc");
  CHECK(tl::detail::checksum_text(outer.find(folder / "b").value()) == "44bc2cf5ad770999");
}
