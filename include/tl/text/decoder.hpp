// From tokens back to text: the WordPiece decoder and the clean-up of spaces, both exactly as the reference does them.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tl {

/// The "decoder" section of tokenizer.json; without a decoder, tokens are joined with blanks.
struct Decoder {
  bool present = true;
  std::string prefix = "##";
  bool cleanup = true;
};

namespace detail::text {

using Replacement = std::pair<std::string_view, std::string_view>;

inline void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::size_t at = text.find(from);
  if (at == std::string::npos) return;
  std::string out;
  std::size_t done = 0;
  for (; at != std::string::npos; at = text.find(from, done)) {
    out.append(text, done, at - done).append(to);
    done = at + from.size();
  }
  text = out.append(text, done, std::string::npos);
}

/// Removes the blanks before punctuation and English contractions; `decoder` is the form the WordPiece decoder uses.
inline void clean_up_spaces(std::string& text, bool decoder) {
  static constexpr Replacement first[] = {{" .", "."},  {" ?", "?"},     {" !", "!"},  {" ,", ","},
                                          {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"}};
  static constexpr Replacement last[] = {{" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  if (text.find(' ') == std::string::npos) return;
  for (const auto& [from, to] : first) replace_all(text, from, to);
  if (decoder) replace_all(text, " do not", " don't");
  for (const auto& [from, to] : last) replace_all(text, from, to);
}

/// Joins tokens to a text.
inline std::string join_tokens(const std::vector<std::string_view>& tokens, const Decoder& decoder) {
  std::string out, token;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    token.clear();
    if (i > 0 && decoder.present && tokens[i].substr(0, decoder.prefix.size()) == decoder.prefix) {
      token = tokens[i].substr(decoder.prefix.size());
    } else {
      if (i > 0) token = ' ';
      token += tokens[i];
    }
    if (decoder.present && decoder.cleanup) clean_up_spaces(token, true);
    out += token;
  }
  return out;
}

}  // namespace detail::text
}  // namespace tl
