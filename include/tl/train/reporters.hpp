// The reporters that every program with a Trainer has.
#pragma once

#include <tl/train/jsonl_callback.hpp>
#include <tl/train/reporter.hpp>
#include <tl/train/tensorboard_callback.hpp>
