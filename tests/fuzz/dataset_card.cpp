// Fuzzer of the YAML heads of data set cards: as YAML, as a card, and as what decides about files. The input up to a
// byte 0xFF is the head, each further part the path of a file.
#include <string>
#include <vector>

#include <tl/data/dataset_card.hpp>
#include <tl/data/file_patterns.hpp>

#include "fuzz.hpp"

using namespace tl;
using namespace tl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const std::string head(input.part());
  guarded([&] {
    const JsonStyle style{.sort_keys = false};  // as texts: a number that is none is not equal to itself
    const std::string dumped = dump_json(parse_yaml(head, "README.md"), style);
    require(dump_json(parse_json(dumped, "dumped"), style) == dumped, "YAML gave JSON that is not read again");
  });
  std::vector<std::string> files;
  for (std::string_view file = input.part(); !file.empty() && files.size() < 20; file = input.part())
    files.emplace_back(file);
  std::ranges::sort(files);
  guarded([&] {
    const detail::DatasetCard card = detail::read_dataset_card("---\n" + head + "\n---\n", "README.md");
    for (const detail::CardConfig& config : card.configs)
      for (const auto& [split, patterns] : config.files)
        for (const std::string& pattern : patterns) guarded([&] { (void)detail::matching_files(files, pattern); });
  });
  guarded([&] {
    for (const auto& [split, patterns] : detail::default_patterns(files)) {
      std::size_t found = 0;
      for (const std::string& pattern : patterns) found += detail::matching_files(files, pattern).size();
      require(found > 0 || !detail::is_split_name(split), "a split without a file");
    }
  });
  return 0;
}
