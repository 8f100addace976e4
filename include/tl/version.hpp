// The version of tl. CMake reads it from here, so that it is written down once.
#pragma once

#include <string_view>

namespace tl {

/// The version of these headers, "major.minor.patch" by the rules of semver.org.
inline constexpr std::string_view version = "0.1.0";

}  // namespace tl
