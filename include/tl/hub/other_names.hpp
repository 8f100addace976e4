// Repositories that had a name without an owner and were given one later. The hub answers to both names, so that one
// cache may hold either; without the hub the other one is looked at, too.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/hub/repository.hpp>

namespace tl::hub::detail {

/// What the name begins with, and the owner. Only a name without an owner is old, and there is one of each.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 2> owners_of_models = {{
    {"distilbert-", "distilbert"},
    {"bert-", "google-bert"},
}};

/// The whole name, and the owner.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 14> owners_of_datasets = {{
    {"ag_news", "fancyzhx"},
    {"amazon_polarity", "fancyzhx"},
    {"conll2003", "eriktks"},
    {"dbpedia_14", "fancyzhx"},
    {"emotion", "dair-ai"},
    {"glue", "nyu-mll"},
    {"imdb", "stanfordnlp"},
    {"rotten_tomatoes", "cornell-movie-review-data"},
    {"snli", "stanfordnlp"},
    {"sst2", "stanfordnlp"},
    {"trec", "CogComp"},
    {"tweet_eval", "cardiffnlp"},
    {"yelp_polarity", "fancyzhx"},
    {"yelp_review_full", "Yelp"},
}};

/// The owner that a repository without one has now; empty if that is not known.
inline std::string_view later_owner(RepositoryKind kind, std::string_view name) {
  if (kind == RepositoryKind::model)
    for (const auto& [prefix, owner] : owners_of_models)
      if (name.starts_with(prefix)) return owner;
  if (kind == RepositoryKind::dataset)
    for (const auto& [whole, owner] : owners_of_datasets)
      if (name == whole) return owner;
  return "";
}

/// The repository's names: the one that was given, then the one with its later owner, or without it.
inline std::vector<std::string> all_names(const Repository& repository) {
  std::vector<std::string> names = {repository.id};
  const std::string_view id = repository.id;
  const auto slash = id.find('/');
  const std::string_view name = slash == std::string_view::npos ? id : id.substr(slash + 1);
  const std::string_view owner = later_owner(repository.kind, name);
  if (owner.empty()) return names;
  if (slash == std::string_view::npos) names.push_back(str_cat(owner, "/", name));
  else if (id.substr(0, slash) == owner) names.emplace_back(name);
  return names;
}

}  // namespace tl::hub::detail
