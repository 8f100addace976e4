// The names of classes in the key "huggingface" of a parquet file's metadata, as Python's datasets writes them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tl/data/dataset.hpp>

namespace tl::parquet {

/// Names of classes by column. Metadata that says something else, or nothing, gives none. Throws format for a text that
/// is no JSON.
std::map<std::string, std::vector<std::string>> read_class_names(std::string_view metadata, const std::string& file);

/// The metadata of a data set: types of all columns, names of classes.
std::string write_features(const Dataset& rows);

}  // namespace tl::parquet
