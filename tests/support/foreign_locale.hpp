// A program whose locale writes numbers as some countries do: 1.234.567,5.
#pragma once

#include <locale>
#include <string>

namespace tl::test {

/// Makes such a locale the program's while it lives.
class ForeignLocale {
 public:
  ForeignLocale() = default;
  ~ForeignLocale() { std::locale::global(former_); }
  ForeignLocale(const ForeignLocale&) = delete;
  ForeignLocale& operator=(const ForeignLocale&) = delete;

 private:
  struct Punctuation : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
    std::string do_truename() const override { return "ja"; }
  };

  std::locale former_ = std::locale::global(std::locale(std::locale::classic(), new Punctuation));
};

}  // namespace tl::test
