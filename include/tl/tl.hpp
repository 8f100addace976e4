// Everything: the front door, and what only some programs need: printing of tensors, the gradient checker, operations
// for users' own models, conversion of checkpoints.
#pragma once

#include <tl/autograd/gradient_check.hpp>
#include <tl/core/device_event.hpp>
#include <tl/core/print.hpp>
#include <tl/data/arrow_c.hpp>
#include <tl/data/label_lists.hpp>
#include <tl/data/save_dataset.hpp>
#include <tl/data/stream_dataset.hpp>
#include <tl/hub/download.hpp>
#include <tl/hub/progress_bar.hpp>
#include <tl/metrics/report.hpp>
#include <tl/models/bert_conversion.hpp>
#include <tl/ops/add.hpp>
#include <tl/ops/bce_with_logits.hpp>
#include <tl/ops/concat.hpp>
#include <tl/ops/divide.hpp>
#include <tl/ops/matmul.hpp>
#include <tl/ops/mse_loss.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/ops/pointwise.hpp>
#include <tl/ops/row_broadcast.hpp>
#include <tl/ops/segment_max.hpp>
#include <tl/ops/segment_mean.hpp>
#include <tl/ops/softmax.hpp>
#include <tl/ops/sum.hpp>
#include <tl/train/html_report.hpp>
#include <tl/train/named_tag_metrics.hpp>
#include <tl/train/problem_metrics.hpp>
#include <tl/trainer.hpp>
#include <tl/version.hpp>
