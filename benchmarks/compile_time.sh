#!/usr/bin/env bash
# How long a program that uses tl takes to compile: <tl/trainer.hpp> alone, and a program that loads data, trains,
# evaluates, saves and predicts. Prints the seconds of processor time of every run and their median.
#   benchmarks/compile_time.sh [RUNS] [COMPILER]
set -euo pipefail
runs=${1:-5} compiler=${2:-g++}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

flags=(-std=c++20 -O2 -I"$root/include" -isystem "${EIGEN_FOLDER:-/usr/include/eigen3}" -c -o "$folder/out.o")

cat > "$folder/include.cpp" <<'EOF'
#include <tl/trainer.hpp>
EOF

cat > "$folder/program.cpp" <<'EOF'
#include <iostream>

#include <tl/trainer.hpp>

int main(int argc, char** argv) {
  const std::string folder = argv[argc - 2], data = argv[argc - 1];
  auto dataset = tl::load_dataset("json", {{"train", data + "/train.jsonl"}, {"test", data + "/test.jsonl"}});
  const auto tokenizer = tl::Tokenizer::from_pretrained(folder);
  dataset = dataset.map_batched([&](const tl::Dataset& rows) {
    const auto texts = rows.column<std::string>("text").to_vector();
    return tl::Columns{{"input_ids", tokenizer.encode_ids(texts, {.truncation = true})}};
  });
  auto model = tl::DistilBertForSequenceClassification::from_pretrained(folder, {.labels = {"NEGATIVE", "POSITIVE"}});
  const tl::TrainingArguments training_args{
      .output_dir = "results",
      .num_train_epochs = 3,
      .learning_rate = 2e-5,
      .warmup_ratio = 0.1,
      .eval_strategy = "epoch",
      .save_strategy = "epoch",
      .load_best_model_at_end = true,
  };
  tl::Trainer trainer(model, training_args,
                      {.train_dataset = dataset["train"].shuffle(42).take(1000),
                       .eval_dataset = dataset["test"],
                       .processing_class = tokenizer,
                       .compute_metrics = [](const tl::EvalPrediction& p) {
                         return tl::Metrics{{"accuracy", tl::accuracy(p)}};
                       }});
  trainer.train();
  std::cout << trainer.evaluate() << '\n';
  trainer.save_model("results/best");
  const auto classify = tl::pipeline("text-classification", model, tokenizer);
  std::cout << classify("A film to remember.").label << '\n';
}
EOF

measure() {
  local times=()
  for ((run = 0; run < runs; ++run)); do
    TIMEFORMAT=%U
    times+=("$({ time "$compiler" "${flags[@]}" "$folder/$1.cpp"; } 2>&1)")
  done
  printf '%-8s %s  median %s s\n' "$1" "${times[*]}" "$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$((runs / 2 + 1))p")"
}

"$compiler" --version | head -1
measure include
measure program
