// The tokens of the texts of a file: cut to a length, or in windows of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tl/data/dataset.hpp>
#include <tl/models/long_texts.hpp>
#include <tl/text/encode_windows.hpp>
#include <tl/text/tokenizer.hpp>

namespace program {

/// Columns of the texts; token types only of pairs, lengths only of windows.
struct TokenRows {
  std::vector<std::vector<std::int32_t>> ids, types, windows;
  std::string cut{};  ///< says how many texts were cut, if any

  void move_to(tl::Columns& columns) {
    columns.push_back({"input_ids", std::move(ids)});
    if (!types.empty()) columns.push_back({"token_type_ids", std::move(types)});
    if (!windows.empty()) columns.push_back({"window_lengths", std::move(windows)});
  }
};

/// The texts of a file, and the second ones of pairs.
struct RowTexts {
  const tl::Dataset& rows;  ///< knows their lines
  std::vector<std::string> texts, pairs{};

  /// encode(texts, pairs) of all; if that fails, the error names the line and not the number of the row.
  template <class Encode> auto encode(const Encode& encode) const {
    try {
      return encode(texts, pairs);
    } catch (const tl::Error&) {
      const auto one = [](const std::vector<std::string>& all, std::size_t i) {
        return all.empty() ? std::vector<std::string>{} : std::vector<std::string>{all[i]};
      };
      for (std::size_t i = 0; i < texts.size(); ++i) {
        try {
          (void)encode(one(texts, i), one(pairs, i));
        } catch (const tl::Error& error) {
          std::string sentence = error.what();
          if (sentence.starts_with("row 0: ")) sentence.erase(0, 7);
          tl::fail(error.code(), rows.place(static_cast<std::int64_t>(i)), ": ", sentence);
        }
      }
      throw;
    }
  }
};

/// Texts as sequences, of which those above `options.max_length` are cut if options.truncation says so.
inline TokenRows cut_rows(const RowTexts& file, const tl::Tokenizer& tokenizer, const tl::EncodeOptions& options) {
  TokenRows rows{};
  if (file.pairs.empty()) {
    rows.ids = file.encode([&](const auto& texts, const auto&) { return tokenizer.encode_ids(texts, options); });
    return rows;
  }
  for (tl::Encoding& pair :
       file.encode([&](const auto&texts, const auto&pairs) { return tokenizer.encode_batch(texts, pairs, options); })) {
    rows.ids.push_back(std::move(pair.input_ids));
    rows.types.push_back(std::move(pair.token_type_ids));
  }
  return rows;
}

/// Throws tl::Error(invalid_argument) for a stride that leaves a window of `length` tokens nothing new.
inline void check_stride(const tl::Tokenizer& tokenizer, std::int64_t length, std::int64_t stride) {
  const std::int64_t room = length - tokenizer.num_special_tokens_to_add();
  tl::check(stride < room, tl::ErrorCode::invalid_argument, "--stride: expected less than the ", room,
            " tokens of a text in a window of ", length, ", got ", stride);
}

/// Texts in windows of `length` tokens; of pairs the second texts.
inline TokenRows window_rows(const RowTexts& file, const tl::Tokenizer& tokenizer, std::int64_t length,
                             std::int64_t stride) {
  check_stride(tokenizer, length, stride);
  const tl::EncodeOptions options{.max_length = static_cast<int>(length), .stride = static_cast<int>(stride)};
  tl::WindowColumns columns = file.encode([&](const auto& texts, const auto& pairs) {
    return pairs.empty() ? tl::encode_windows(tokenizer, texts, options)
                         : tl::encode_windows(tokenizer, texts, pairs, options);
  });
  return {std::move(columns.input_ids), std::move(columns.token_type_ids), std::move(columns.window_lengths), {}};
}

/// How many of the texts whose token ids were cut to `length` have more. Pairs may be none.
inline std::int64_t count_cut(const std::vector<std::string>& texts, const std::vector<std::string>& pairs,
                              const std::vector<std::vector<std::int32_t>>& ids, const tl::Tokenizer& tokenizer,
                              std::int64_t length) {
  const tl::EncodeOptions whole{.truncation = false};
  std::int64_t cut = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (static_cast<std::int64_t>(ids[i].size()) < length) continue;  // the others may just fit
    const std::size_t all = pairs.empty() ? tokenizer.encode_ids(std::span(&texts[i], 1), whole).front().size()
                                          : tokenizer.encode_pair(texts[i], pairs[i], whole).size();
    cut += static_cast<std::int64_t>(all) > length;
  }
  return cut;
}

/// How many texts of a file were cut, as a sentence; empty if none was.
inline std::string cut_sentence(const std::string& path, std::int64_t cut, std::int64_t texts, std::int64_t length) {
  if (cut == 0) return {};
  return tl::str_cat(path, ": ", cut, " of ", texts, texts == 1 ? " text was" : " texts were", " cut to ", length,
                     " tokens; --long_texts windows reads the rest, too");
}

}  // namespace program
