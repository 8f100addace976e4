// How long a tokenised text may be: the tokenizer has a limit (model_max_length), the model takes so many tokens, and
// --max_seq_length may ask for fewer. Every command cuts texts to the least of the three.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>
#include <optional>

#include <tl/core/error.hpp>
#include <tl/text/tokenizer.hpp>

namespace program {

/// The tokens that a text is cut to, special tokens included; nothing if there is no limit. `asked` is
/// --max_seq_length: one above the tokenizer's limit is a warning, and the limit counts, as in the scripts of the
/// reference. Throws tl::Error(invalid_argument) for one that leaves no room for a token, or that the model cannot
/// take.
inline std::optional<std::int64_t> cut_length(const tl::Tokenizer& tokenizer, std::optional<std::int64_t> asked,
                                              std::optional<std::int64_t> model_longest, bool special_tokens = true) {
  const auto limit = tokenizer.model_max_length();
  if (!asked) return limit && model_longest ? std::min(*limit, *model_longest) : limit ? limit : model_longest;
  if (limit && *asked > *limit) {
    static bool said = false;  // once, though there are two files
    if (!said)
      std::cerr << "warning: --max_seq_length " << *asked << " is more than the tokenizer's model_max_length " << *limit
                << "; texts are cut to " << std::min(*limit, model_longest.value_or(*limit)) << " tokens\n";
    said = true;
    return std::min(*limit, model_longest.value_or(*limit));
  }
  const std::int64_t least = (special_tokens ? tokenizer.num_special_tokens_to_add() : 0) + 1;
  tl::check(*asked >= least && (!model_longest || *asked <= *model_longest), tl::ErrorCode::invalid_argument,
            "--max_seq_length: expected at least ", least,
            model_longest ? tl::str_cat(" and at most the model's ", *model_longest)
            : limit       ? tl::str_cat(" and at most the tokenizer's ", *limit)
                          : "",
            ", got ", *asked);
  return asked;
}

/// A length as EncodeOptions has it.
inline std::optional<int> option_length(std::optional<std::int64_t> length) {
  if (!length) return std::nullopt;
  return static_cast<int>(std::min<std::int64_t>(*length, std::numeric_limits<int>::max()));
}

}  // namespace program
