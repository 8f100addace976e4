// The front door: everything a fine-tuning program needs.
#pragma once

#include <tl/data/dataset.hpp>
#include <tl/data/load_dataset.hpp>
#include <tl/models/distilbert_for_sequence_classification.hpp>
#include <tl/pipelines/text_classification.hpp>
#include <tl/text/tokenizer.hpp>
#include <tl/train/trainer.hpp>
