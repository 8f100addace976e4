#!/usr/bin/env python3
"""How much code one training step runs: the headers, and their lines, that a run of five updates executes more often
than a run of two. A tiny DistilBERT is trained in float with the Trainer's defaults, compiled by g++ --coverage.

Usage: benchmarks/step_files.py ROOT [FLAG...], the source tree of this or of an older version, and flags of the
compiler such as -isystem /usr/include/eigen3. Takes minutes, because nothing is optimised.
"""
import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = r'''
#include <cstdlib>
#include <tl/trainer.hpp>
#include "support/inputs.hpp"
int main(int, char** argv) {
  const example::Scratch scratch;
  const auto folder = example::model(1, argv, scratch);
  const auto tokenizer = tl::Tokenizer::from_pretrained(folder);
  const auto texts = tl::load_dataset("json", {{"train", example::data("reviews/train.jsonl")}})["train"];
  const auto train = texts.shuffle(42).select(tl::range(64)).map_batched([&](const tl::Dataset& rows) {
    const auto text = rows.column<std::string>("text").to_vector();
    return tl::Columns{{"input_ids", tokenizer.encode_ids(text, {.truncation = true})}};
  });
  auto model = tl::DistilBertForSequenceClassification::from_pretrained(folder, {.labels = {"NEGATIVE", "POSITIVE"}});
  const tl::TrainingArguments args{.output_dir = scratch / "results",
                                   .per_device_train_batch_size = 8,
                                   .weight_decay = 0.01,
                                   .eval_strategy = "no",
                                   .save_strategy = "no",
                                   .logging_steps = 100,
                                   .max_steps = std::atoi(argv[1])};
  tl::Trainer(model, args, {.train_dataset = train, .processing_class = tokenizer}).train();
}
'''


def counts(folder, include, updates):
    """How often each line of each header is executed by a run of so many updates."""
    for old in folder.glob('*.gcda'):
        old.unlink()
    subprocess.run([folder / 'program', str(updates)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(['gcov', '--json-format', *folder.glob('*.gcda')], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    result = collections.Counter()
    for report in folder.glob('*.gcov.json.gz'):
        for file in json.loads(gzip.open(report).read())['files']:
            path = pathlib.Path(file['file'])
            if path.is_relative_to(include):
                for line in file['lines']:
                    result[str(path.relative_to(include)), line['line_number']] += line['count']
        report.unlink()
    return result


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / 'program.cpp').write_text(PROGRAM, encoding='utf-8')
        subprocess.run(['g++', '-std=c++20', '-O0', '--coverage', f'-I{root}/include', f'-I{root}/examples', *sys.argv[2:],
                        'program.cpp', '-o', 'program', '-pthread'], check=True, cwd=folder)
        few, many = counts(folder, root / 'include', 2), counts(folder, root / 'include', 5)
    headers = collections.Counter(header for (header, line), count in many.items() if count > few[header, line])
    for header, lines in sorted(headers.items()):
        print(f'{lines:5}  {header}')
    print(f'{sum(headers.values())} lines of {len(headers)} headers')


if __name__ == '__main__':
    main()
