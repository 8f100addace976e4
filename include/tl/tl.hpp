// Everything.
#pragma once

#include <tl/trainer.hpp>
