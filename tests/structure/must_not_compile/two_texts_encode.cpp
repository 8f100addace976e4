// Two texts in braces are a std::string_view from the address of the first to that of the second.
// expect: deleted
#include <tl/text/tokenizer.hpp>

std::size_t tokens(const tl::Tokenizer& tokenizer) {
#if TL_MISTAKE
  return tokenizer.encode({"a text", "another text"}).size();
#else
  return tokenizer.encode_batch({"a text", "another text"}).size();
#endif
}
