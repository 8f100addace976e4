// The front door: everything a fine-tuning program needs.
#pragma once

#include <tl/data/dataset.hpp>
#include <tl/data/load_dataset.hpp>
#include <tl/models/auto_model.hpp>
#include <tl/models/custom_model.hpp>
#include <tl/models/distilbert.hpp>
#include <tl/pipelines/text_classification.hpp>
#include <tl/pipelines/token_classification.hpp>
#include <tl/text/tokenizer.hpp>
#include <tl/train/fit_calibration.hpp>
#include <tl/train/tag_metrics.hpp>
#include <tl/train/tokenized_words.hpp>
#include <tl/train/trainer.hpp>
