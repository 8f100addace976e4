// Times a classifier's inference inside one process: batches without padding in evaluation mode, from packed ids to
// logits; packing them is not counted. A pass is all batches once; the first pass is a warm-up.
//
//   tl_inference_time --model DIR --batch 32 --length 64               four batches of random ids, all equally long
//   tl_inference_time --model DIR --batch 32 --ids FILE                {"input_ids": [...]} per line, in file order
//   tl_inference_time --model DIR --jobs                               for scripts: a job per line of standard input,
//       {"ids": FILE, "batch": 32, "seconds": 1.0, "logits": false}    an answer per line of standard output
#include <iostream>

#include <tl/core/parallel.hpp>
#include <tl/data/json_lines.hpp>
#include <tl/models/distilbert.hpp>
#include <tl/train/speed_metrics.hpp>

#include "model/program.hpp"

namespace {

using Classifier = tl::DistilBertForSequenceClassification;

struct Job {
  std::string ids;
  std::int64_t batch = 32, length = 64;
  double seconds = 1.0;
  bool logits = false;
};

struct Options {
  std::string model;
  int threads = tl::num_threads();
  bool bf16 = false, jobs = false;
  Job job;
};

tl::Json measure(Classifier& model, const Job& job) {
  const auto texts = job.ids.empty()
                         ? tl::bench::random_texts(4 * job.batch, job.length, model.config().vocab_size)
                         : tl::load_jsonl(job.ids).column<std::vector<std::int32_t>>("input_ids").to_vector();
  tl::check(!texts.empty(), tl::ErrorCode::invalid_argument, job.ids, ": expected at least one text, got none");
  std::vector<tl::Batch> batches;
  for (std::size_t begin = 0; begin < texts.size(); begin += static_cast<std::size_t>(job.batch))
    batches.push_back(
        tl::pack(std::span(texts).subspan(begin, std::min(texts.size() - begin, static_cast<std::size_t>(job.batch)))));

  const tl::NoGradGuard no_grad;
  const tl::nn::PackedWeightScope scope(model.context(), std::make_shared<tl::PackedWeightCache>());
  tl::Json logits = tl::Json::array();
  std::int64_t tokens = 0;
  for (const auto& batch : batches) {
    const auto rows = model(batch).logits.value();  // [B, C]
    tokens += batch.tokens();
    if (!job.logits) continue;
    for (std::int64_t row = 0; row < rows.size(0); ++row) logits.push_back(rows[row].to_vector());
  }
  std::vector<double> passes;
  const tl::Stopwatch all;
  while (passes.size() < 2 || all.seconds() < job.seconds) {
    const tl::Stopwatch pass;
    for (const auto& batch : batches) model(batch);
    passes.push_back(pass.seconds());
  }
  const double median = tl::bench::median(passes), count = static_cast<double>(batches.size());
  tl::Json result = {{"batches", batches.size()},
                     {"samples", texts.size()},
                     {"tokens", tokens},
                     {"passes", passes.size()},
                     {"median_seconds_per_batch", median / count},
                     {"min_seconds_per_batch", *std::min_element(passes.begin(), passes.end()) / count},
                     {"samples_per_second", static_cast<double>(texts.size()) / median}};
  if (job.logits) result["logits"] = logits;
  return result;
}

void print(const tl::Json& line) { std::cout << tl::dump_json(line, {.indent = -1, .sort_keys = false}) << std::endl; }

void run(const Options& options) {
  tl::set_num_threads(options.threads);
  Classifier model = Classifier::from_pretrained(options.model);
  if (options.bf16) model.context().precision = tl::Precision::bf16;
  if (!options.jobs) return print(measure(model, options.job));
  for (std::string line; std::getline(std::cin, line);) {
    const tl::Json job = tl::parse_json(line, "standard input");
    print(measure(model, {.ids = job.at("ids").get<std::string>(),
                          .batch = job.at("batch").get<std::int64_t>(),
                          .seconds = job.at("seconds").get<double>(),
                          .logits = job.at("logits").get<bool>()}));
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Times the inference of a DistilBERT classifier.", "tl_inference_time");
  Options options;
  app.add_option("--model", options.model, "folder of a classifier")->required();
  app.add_option("--batch", options.job.batch, "texts per batch")->check(CLI::Range(1, 1 << 20));
  app.add_option("--length", options.job.length, "tokens per text")->check(CLI::Range(1, 1 << 20));
  app.add_option("--ids", options.job.ids, ".jsonl file with a key input_ids, instead of random ids");
  app.add_option("--seconds", options.job.seconds, "how long to measure; two passes at least");
  app.add_option("--threads", options.threads, "default: all processors")->check(CLI::Range(1, 4096));
  app.add_flag("--bf16", options.bf16, "matrix products in bfloat16");
  app.add_flag("--logits", options.job.logits, "print the logits, too");
  app.add_flag("--jobs", options.jobs, "read jobs from standard input");
  return tl::bench::run_program(app, argc, argv, [&] { run(options); });
}
