// tl inspect: what a model folder or a .safetensors file holds.
#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>

#include <tl/io/json_file.hpp>
#include <tl/io/safetensors.hpp>
#include <tl/models/config_file.hpp>
#include <tl/text/tokenizer.hpp>

#include "commands.hpp"
#include "hub_options.hpp"

namespace program {

namespace {

namespace fs = std::filesystem;

void show_config(const fs::path& path) {
  const tl::Json config = tl::read_json(path);
  std::cout << "configuration (" << path.string() << ")\n";
  if (!config.is_object())
    tl::fail(tl::ErrorCode::format, path.string(), ": expected a JSON object, got ", config.type_name());
  for (const auto& [key, value] : config.items())
    std::cout << "  " << key << ": " << tl::dump_json(value, {.indent = -1, .sort_keys = false, .ensure_ascii = false})
              << '\n';
  for (const auto& warning : tl::load_common_config(path.parent_path()).warnings) std::cerr << warning << ".\n";
}

void show_tokenizer(const fs::path& folder) {
  const auto tokenizer = tl::Tokenizer::from_pretrained(folder);
  std::cout << "tokenizer\n  vocabulary: " << tokenizer.vocab_size() << " tokens, " << tokenizer.added_tokens().size()
            << " of them added\n  lower case: " << (tokenizer.do_lower_case() ? "yes" : "no") << "\n  longest input: ";
  if (const auto length = tokenizer.model_max_length()) std::cout << *length << " tokens\n";
  else std::cout << "not given\n";
  std::cout << "  special tokens:";
  for (const auto& token : {tokenizer.unk_token(), tokenizer.sep_token(), tokenizer.pad_token(), tokenizer.cls_token(),
                            tokenizer.mask_token()})
    if (!token.empty()) std::cout << ' ' << token << '=' << tokenizer.token_to_id(token).value_or(-1);
  std::cout << '\n';
}

void show_tensors(const fs::path& path) {
  const tl::SafetensorsReader reader(path);
  std::size_t width = 0, bytes = 0;
  std::int64_t elements = 0;
  for (const auto& tensor : reader.tensors()) {
    width = std::max(width, tensor.name.size());
    bytes += tensor.data.size();
    elements += tensor.shape.elements();
  }
  std::cout << "tensors (" << reader.path().string() << ")\n";
  for (const auto& tensor : reader.tensors())
    std::cout << "  " << std::left << std::setw(static_cast<int>(width)) << tensor.name << "  " << std::setw(4)
              << tl::to_string(tensor.dtype) << ' ' << tensor.shape << '\n';
  for (const auto& [key, text] : reader.metadata()) std::cout << "  metadata " << key << ": " << text << '\n';
  std::cout << "total: " << reader.tensors().size() << " tensors, " << elements << " parameters, " << bytes
            << " bytes\n";
}

void inspect(const fs::path& name_or_path, const HubOptions& hub) {
  const fs::path path = tl::hub::model_folder(name_or_path, hub.options());
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    tl::check(tl::detail::path_exists(path), tl::ErrorCode::io, "expected a model folder or a .safetensors file, got ",
              path.string(), ", which does not exist");
    if (!has_extension(path.string(), ".json")) return show_tensors(path);
    const tl::Json content = tl::read_json(path);
    if (content.is_object() && content.contains("weight_map")) return show_tensors(path);
    tl::check(path.filename() == "config.json", tl::ErrorCode::format,
              "expected a model folder, a .safetensors file, its index or config.json, got ", path.string());
    return show_config(path);
  }
  bool anything = false;
  const auto has = [&](const char* name) {
    const bool there = tl::detail::path_exists(path / name);
    anything = anything || there;
    return there;
  };
  if (has("config.json")) show_config(path / "config.json");
  if (has("tokenizer.json") || has("vocab.txt")) show_tokenizer(path);
  if (has("model.safetensors") || has("model.safetensors.index.json")) show_tensors(path);
  tl::check(anything, tl::ErrorCode::io, "expected a model folder, got ", path.string(),
            ", where there is no config.json, no tokenizer and no model.safetensors");
}

}  // namespace

void add_inspect(CLI::App& app) {
  const auto path = std::make_shared<std::string>();
  const auto hub = std::make_shared<HubOptions>();
  CLI::App& command = *app.add_subcommand("inspect", "Shows configuration, tokenizer, tensors and counts");
  command.add_option("PATH", *path, "name or folder of a model, .safetensors file, its index, or config.json")
      ->required();
  hub->add(command);
  on_run(command, [path, hub] { inspect(*path, *hub); });
}

}  // namespace program
