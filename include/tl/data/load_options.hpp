// Which files load_dataset reads, and how.
#pragma once

#include <string>
#include <vector>

#include <tl/data/csv.hpp>
#include <tl/hub/options.hpp>

namespace tl {

/// Which files load_dataset reads, and how: the fields of CsvOptions, JsonOptions and ConllOptions. A field that the
/// format does not have must keep its default.
struct LoadOptions {
  char delimiter = '\0';                       ///< csv; '\0': a tab in a .tsv file, else a comma
  bool has_header = true;                      ///< csv
  std::vector<std::string> column_names = {};  ///< csv, conll
  std::vector<std::string> columns = {};       ///< csv, json, conll, parquet
  std::vector<std::string> text_columns = {};  ///< csv, json
  /// csv, json: columns of numbers of which one far behind has a point; only for stream_dataset(), which cannot look
  std::vector<std::string> float_columns = {};
  std::string encoding = "utf-8";        ///< csv, json, conll, text: or "utf-16", "latin-1", "cp1252"
  Quoting quoting = Quoting::automatic;  ///< csv
  std::string field = {};                ///< json
  std::string name = {};                 ///< the configuration of a data set that has several: "sst2" of glue
  std::string data_dir = {};             ///< the folder in the data set that has the files; empty: as it says
  hub::Options hub = {};                 ///< of a data set that is given by its name: revision, cache_dir, token
};

}  // namespace tl
