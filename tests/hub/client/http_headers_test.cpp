// Tests of what is read from the headers of answers.
#include "hub/http_headers.hpp"

#include "support/catch.hpp"

using namespace tl::hub::detail;

TEST_CASE("hub: headers are found in any case, and a status line begins anew") {
  Headers headers;
  headers.add_line("HTTP/1.1 302 Found\r\n");
  headers.add_line("X-Linked-Size:  42 \r\n");
  CHECK(headers["x-linked-size"] == "42");
  CHECK(headers.number("x-linked-size") == 42);
  headers.add_line("x-linked-SIZE: 43\r\n");
  CHECK(headers.number("x-linked-size") == 43);
  headers.add_line(": no name\r\n");
  headers.add_line("no colon\r\n");
  headers.add_line("\r\n");
  CHECK(headers["no colon"].empty());
  headers.add_line("HTTP/2 200\r\n");
  CHECK(headers["x-linked-size"].empty());
  CHECK_FALSE(headers.number("x-linked-size"));
}

TEST_CASE("hub: numbers of headers are whole and not too large") {
  CHECK(whole_number("0") == 0);
  CHECK(whole_number("18446744073709551615") == UINT64_MAX);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.5", "0x10", "18446744073709551616"})
    CHECK_FALSE(whole_number(text));
}

TEST_CASE("hub: an ETag becomes the name of a blob only if it is one") {
  CHECK(blob_name("\"abc-1\"") == "abc-1");
  CHECK(blob_name("W/\"abc\"") == "abc");
  CHECK(blob_name("abc") == "abc");
  CHECK(blob_name("\"W.A_z\"") == "W.A_z");
  for (const std::string& text :
       {std::string(), std::string("\"\""), std::string("\"../x\""), std::string("\"..\""), std::string("\".hidden\""),
        std::string("\"a/b\""), std::string("\"a b\""), std::string("\"a\\b\""), std::string("\"a\0b\"", 5),
        std::string("\"a.incomplete\""), std::string(201, 'a'), std::string("\"\xc3\xa4\"")})
    CHECK_FALSE(blob_name(text));
}

TEST_CASE("hub: ranges of bytes") {
  const auto range = content_range("bytes 100-199/1000");
  REQUIRE(range);
  CHECK(range->begin == 100);
  CHECK(range->end == 200);
  CHECK(range->total == 1000);
  REQUIRE(content_range("bytes 0-0/*"));
  CHECK_FALSE(content_range("bytes 0-0/*")->total);
  for (const char* text : {"", "bytes", "bytes */1000", "bytes 5-4/10", "bytes 0-10/10", "items 0-1/2", "bytes 0-1",
                           "bytes -1/2", "bytes 0-18446744073709551615/*", "bytes 0-1/x", "bytes 1/2-3"})
    CHECK_FALSE(content_range(text));
}

TEST_CASE("hub: the address of the next page") {
  CHECK(next_link("<https://a/b?cursor=2>; rel=\"next\"") == "https://a/b?cursor=2");
  CHECK(next_link("<https://a/last>; rel=\"last\", <https://a/next>; rel=\"next\"") == "https://a/next");
  for (const char* text :
       {"", "<https://a>; rel=\"prev\"", "<https://a", "https://a; rel=\"next\"", "rel=\"next\" <https://a>"})
    CHECK_FALSE(next_link(text));
}

TEST_CASE("hub: the time until a limit of requests is lifted") {
  CHECK(rate_limit_reset("\"api\";r=0;t=55") == 55);
  CHECK(rate_limit_reset("\"api\"; r=0; t=5") == 5);
  for (const char* text : {"", "\"api\";r=3;t=55", "\"api\";r=0", "t=5", "r=0;t=x"})
    CHECK_FALSE(rate_limit_reset(text));
}

TEST_CASE("hub: hashes are hexadecimal digits in lower case") {
  CHECK(is_hash("0123456789abcdef", 16));
  CHECK_FALSE(is_hash("0123456789ABCDEF", 16));
  CHECK_FALSE(is_hash("0123456789abcdef", 15));
}
