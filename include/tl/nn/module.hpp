// Modules are plain structs with one member function, members(visit), that lists children and parameters by name. The
// names in files, the parameter count and the printed tree all derive from it:
//
//   struct Mlp {
//     nn::Linear<float> hidden{4, 8}, output{8, 2};
//     template <class Visit> void members(Visit& visit) { visit("hidden", hidden); visit("output", output); }
//   };
//
// A module may have `std::string describe() const`, its line in the printed tree; without it the tree shows its
// `type_name`, a std::string_view, or "Module".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/autograd/parameter_space.hpp>

namespace tl::nn {

namespace detail {

struct AnyVisitor {
  template <class... Args> void operator()(Args&&...) {}
};

}  // namespace detail

/// A struct that lists its children and parameters.
template <class M>
concept Module = requires(M& module, detail::AnyVisitor& visit) {
  module.members(visit);
};

namespace detail {

template <Real T> struct ParameterCollector {
  std::string prefix;  // of the names in the module that is visited, such as "layer.0."
  std::vector<NamedParameter<T>>* found;
  std::uint32_t dropouts = 0;  // so far

  /// The place of the Dropout that is visited.
  std::uint32_t next_dropout() { return dropouts++; }

  void operator()(std::string_view name, Parameter<T>& parameter) { (*this)(name, parameter, 0, parameter.shape()[0]); }
  [[gnu::noinline]] void operator()(std::string_view name, Parameter<T>& parameter, std::int64_t begin,
                                    std::int64_t end) {
    found->push_back({str_cat(prefix, name), parameter, begin, end});
  }
  template <Module M> void operator()(std::string_view name, M&& module) {
    const std::size_t length = prefix.size();
    enter(name);
    module.members(*this);
    prefix.resize(length);
  }
  template <Module M> void operator()(std::string_view name, std::vector<M>& modules) {
    for (std::size_t i = 0; i < modules.size(); ++i) (*this)(str_cat(name, '.', i), modules[i]);
  }

  [[gnu::noinline]] void enter(std::string_view name) {
    prefix += name;
    prefix += '.';
  }
};

struct TreePrinter {
  std::string* out;
  std::size_t depth;

  template <Real T, class... Range> void operator()(std::string_view, Parameter<T>&, Range...) {}

  template <Module M> void operator()(std::string_view name, M&& module) { line(str_cat('(', name, "): "), module); }
  // Equal modules of a list are one entry with their number, as the reference prints them.
  template <Module M> void operator()(std::string_view name, std::vector<M>& modules) {
    indent();
    *out += str_cat('(', name, "): ModuleList(\n");
    if (!modules.empty()) {
      TreePrinter inner{out, depth + 1};
      const std::size_t count = modules.size();
      inner.line(count == 1 ? "(0): " : str_cat("(0-", count - 1, "): ", count, " x "), modules[0]);
    }
    indent();
    *out += ")\n";
  }

  template <Module M> void line(const std::string& label, M& module) {
    indent();
    *out += label;
    if constexpr (requires { module.describe(); }) {
      *out += module.describe() + "\n";
    } else {
      if constexpr (requires { module.type_name; }) *out += module.type_name;
      else *out += "Module";
      *out += "(\n";
      TreePrinter inner{out, depth + 1};
      module.members(inner);
      indent();
      *out += ")\n";
    }
  }

  void indent() const { out->append(2 * depth, ' '); }
};

}  // namespace detail

/// Parts of a module listed under a name of their own, as a module in between: visit("output", Group{"BertOutput",
/// [&](auto& inner) { inner("dense", dense); }}).
template <class List> struct Group {
  std::string_view type_name;
  List list;

  template <class Visit> void members(Visit& visit) { list(visit); }
};
template <class List> Group(const char*, List) -> Group<List>;

/// Every parameter of `module` with its dotted name, in the order of members(). Gives each Dropout its site.
template <Real T = float, Module M> [[nodiscard]] std::vector<NamedParameter<T>> named_parameters(M& module) {
  std::vector<NamedParameter<T>> found;
  detail::ParameterCollector<T> collector{"", &found};
  module.members(collector);
  return found;
}

/// The module tree as text, one line per module.
template <Module M> std::string to_string(M& module) {
  std::string text;
  detail::TreePrinter printer{&text, 0};
  printer.line("", module);
  text.pop_back();
  return text;
}

}  // namespace tl::nn
