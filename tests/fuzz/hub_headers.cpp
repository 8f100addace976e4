// Fuzzer of what servers say in headers: the lines of an answer, ETags, ranges, links, limits, and names of files. What
// is taken from them stays inside of its bounds: a blob's name is a name, a range has an end after its begin.
#include <algorithm>
#include <filesystem>

#include <tl/hub/repository.hpp>

#include "../../src/hub/http_headers.hpp"
#include "fuzz.hpp"

using namespace tl;
using namespace tl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const std::string_view text = input.part();
  hub::detail::Headers headers;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    headers.add_line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const char* name :
       {"etag", "x-linked-etag", "x-repo-commit", "content-range", "link", "ratelimit", "location"}) {
    const std::string_view value = headers[name];
    require(value.empty() || (value.front() != ' ' && value.back() != '\r'), "a value with blanks around it");
  }
  if (const auto number = headers.number("content-length"))
    require(!headers["content-length"].empty(), "a number of nothing");
  for (const std::string_view value : {text, headers["etag"], headers["x-linked-etag"]}) {
    const auto name = hub::detail::blob_name(value);
    if (!name) continue;
    require(!name->empty() && name->front() != '.' && name->size() <= 200, "a name of a blob that is none");
    require(name->find_first_of(std::string_view("/\\\0\n", 4)) == std::string::npos, "a blob outside its folder");
    require(hub::detail::blob_name("\"" + *name + "\"") == name, "quotes change a tag");
  }
  for (const std::string_view value : {text, headers["content-range"]})
    if (const auto range = hub::detail::content_range(value)) {
      require(range->begin < range->end, "a range that ends before it begins");
      require(!range->total || range->end <= *range->total, "a range beyond the end");
    }
  for (const std::string_view value : {text, headers["link"]})
    if (const auto next = hub::detail::next_link(value))
      require(next->find('>') == std::string::npos && value.find(*next) != std::string_view::npos, "a link of its own");
  hub::detail::rate_limit_reset(text);
  const std::string_view path = input.part();
  guarded([&] {
    hub::check_file_path({}, path);
    const std::filesystem::path whole = (std::filesystem::path("/a/b") / path).lexically_normal();
    require(whole.native().starts_with("/a/b/") && whole.native().size() > 5, "a path that leads outside");
    require(path.find('\0') == std::string_view::npos, "a path that ends early");
  });
  return 0;
}
