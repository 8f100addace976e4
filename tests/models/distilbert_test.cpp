// The whole model against PyTorch, on committed values.
#include "models/model_cases.hpp"

#include <tl/ops/sum.hpp>
#include <tl/optim/adamw.hpp>
#include <tl/optim/gradient_norm.hpp>

#include "support/compare.hpp"

using namespace tl::test;
using tl::DistilBertForSequenceClassification;
using tl::DistilBertModel;
using tl::Tensor;

TEST_CASE("logits of sequences of mixed length are the reference's to 2e-5") {
  const auto model = tiny_model("");
  const auto output = model(tl::pack(sequences()));
  CHECK(output.logits.shape() == tl::Shape{11, 3});
  CHECK_FALSE(output.loss.defined());
  const double worst = largest_difference(output.logits.value(), expected("logits"));
  INFO("largest difference " << worst);
  CHECK(worst <= 2e-5);
}

TEST_CASE("hidden states of every token are the reference's") {
  const auto model = DistilBertModel::from_pretrained(tiny_folder());
  const auto hidden = model(tl::pack(sequences()));
  const double worst = largest_difference(hidden.last_hidden_state.value(), expected("hidden"));
  INFO("largest difference " << worst);
  CHECK(worst <= 2e-5);
}

TEST_CASE("loss and every gradient are the reference's") {
  auto model = tiny_model();
  model.train();
  const auto output = model(tl::pack(sequences()), labels());
  const double loss = output.loss.value().item(), reference = expected("loss").item();
  CHECK(std::abs(loss - reference) <= 1e-6 * reference);
  output.loss.backward();
  CHECK(model.parameters().named().size() == 56);
  for (const auto& part : model.parameters().named()) {
    const double difference = gradient_difference(model.parameters(), part.name, "");
    INFO(part.name << ": relative difference " << difference);
    CHECK(difference <= 1e-4);
  }
}

TEST_CASE("the other activations") {
  for (const std::string name : {"gelu_new", "relu"}) {
    INFO(name);
    auto model = tiny_model(std::string(without_dropout) + ",activation=" + name);
    const auto output = model(tl::pack(sequences()), labels());
    CHECK(largest_difference(output.logits.value(), expected(name + ".logits")) <= 2e-5);
    const double reference = expected(name + ".loss").item();
    CHECK(std::abs(output.loss.value().item() - reference) <= 1e-6 * reference);
  }
  auto alias = tiny_model(std::string(without_dropout) + ",activation=gelu_pytorch_tanh");
  CHECK(largest_difference(alias(tl::pack(sequences())).logits.value(), expected("gelu_new.logits")) <= 2e-5);
}

TEST_CASE("bfloat16 is as close to float32 as the reference's autocast, and as close to that") {
  auto model = tiny_model();
  model.train();
  model.context().precision = tl::Precision::bf16;
  for (float& value : model.parameters().at("pre_classifier.bias").value().span()) value += 6.0f;
  const auto output = model(tl::pack(sequences()), labels());
  // Both round at the same places and sum in different orders, so a sum near the middle of two bfloat16 numbers falls
  // to either side. What autocast is away from float32 is the size of such noise.
  const auto exact = expected("shifted.logits"), autocast = expected("bf16.logits");
  const double noise = largest_difference(autocast, exact);
  INFO("logits: autocast from float32 " << noise << ", tl from float32 "
                                        << largest_difference(output.logits.value(), exact) << ", tl from autocast "
                                        << largest_difference(output.logits.value(), autocast));
  CHECK(noise > 0);
  CHECK(largest_difference(output.logits.value(), exact) <= 2 * noise);
  CHECK(largest_difference(output.logits.value(), autocast) <= 2 * noise);
  const double loss = expected("bf16.loss").item();
  CHECK(std::abs(output.loss.value().item() - loss) <= 0x1p-7 * loss);

  output.loss.backward();
  double gradient_noise = 0.0;
  for (const auto& part : model.parameters().named())
    if (part.name.find("k_lin.bias") == std::string::npos)
      gradient_noise = std::max(gradient_noise, relative_difference(expected("bf16.gradient." + part.name),
                                                                    expected("shifted.gradient." + part.name)));
  for (const auto& part : model.parameters().named()) {
    const double to_exact = gradient_difference(model.parameters(), part.name, "shifted.");
    const double to_autocast = gradient_difference(model.parameters(), part.name, "bf16.");
    INFO(part.name << ": from float32 " << to_exact << ", from autocast " << to_autocast << ", noise "
                   << gradient_noise);
    CHECK(to_exact <= 1.5 * gradient_noise);
    CHECK(to_autocast <= 1.5 * gradient_noise);
    CHECK(to_exact > 0x1p-12);  // it is bfloat16
  }
}

TEST_CASE("a sequence's logits do not depend on the batch it is in") {
  const auto model = tiny_model("");
  const auto all = sequences();
  const auto together = model(tl::pack(all)).logits.value();
  for (std::size_t b = 0; b < all.size(); ++b) {
    const std::vector<std::vector<std::int32_t>> one{all[b]};
    CHECK(largest_difference(model(tl::pack(one)).logits.value(),
                             together.rows(static_cast<std::int64_t>(b), static_cast<std::int64_t>(b) + 1)) <= 1e-5);
  }
}

TEST_CASE("gradients have the same bits for every thread count") {
  const int before = tl::num_threads();
  std::vector<Tensor<float>> results;
  for (const int threads : {1, 2, 5}) {
    tl::set_num_threads(threads);
    auto model = tiny_model("");
    model.train();
    model.context().step = 1;  // the same masks for all
    model(tl::pack(sequences()), labels()).loss.backward();
    results.push_back(model.parameters().gradients());
  }
  tl::set_num_threads(before);
  CHECK(same_bits(results[0], results[1]));
  CHECK(same_bits(results[0], results[2]));
}

TEST_CASE("dropout: only while training, another mask per step, the same for the same step") {
  auto model = tiny_model("");
  const auto batch = tl::pack(sequences());
  const auto run = [&](std::uint64_t step) {
    model.context().step = step;
    return model(batch, labels()).logits.value().to_vector();
  };
  CHECK_FALSE(model.training());
  CHECK(run(1) == run(2));
  const auto evaluated = run(0);
  model.train();
  CHECK(model.training());
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
  CHECK(run(1) != evaluated);
  model.eval();
  CHECK(run(5) == evaluated);
}

TEST_CASE("dropout: a loop written by hand draws anew in every pass, and again the same after set_seed") {
  auto model = tiny_model("");
  const auto batch = tl::pack(sequences());
  const auto run = [&](bool evaluate) {
    tl::set_seed(3);
    std::vector<std::vector<float>> passes;
    for (int i = 0; i < 3; ++i) {
      model.train();
      passes.push_back(model(batch, labels()).logits.value().to_vector());
      model.eval();
      if (evaluate) (void)model(batch);
    }
    return passes;
  };
  const auto passes = run(false);
  CHECK(passes[0] != passes[1]);
  CHECK(passes[1] != passes[2]);
  CHECK(passes[0] != passes[2]);
  CHECK(run(true) == passes);
}

TEST_CASE("gradients through dropout agree with differences of the loss") {
  auto model = tiny_model("");
  model.train();
  model.context().step = 1;  // the same masks in every pass
  const auto batch = tl::pack(sequences());
  model(batch, labels()).loss.backward();
  // Along the gradient itself the loss must rise with its squared norm.
  const double squared = std::pow(tl::gradient_norm(model.parameters()), 2);
  Tensor<float> values = model.parameters().values();
  const Tensor<float> gradients = model.parameters().gradients();
  const auto loss_at = [&](double step) {
    for (std::int64_t i = 0; i < gradients.elements(); ++i)
      values.data()[i] += static_cast<float>(step * static_cast<double>(gradients.data()[i]));
    const tl::NoGradGuard no_grad;
    const double loss = model(batch, labels()).loss.value().item();
    for (std::int64_t i = 0; i < gradients.elements(); ++i)
      values.data()[i] -= static_cast<float>(step * static_cast<double>(gradients.data()[i]));
    return loss;
  };
  const double h = 1e-3 / std::sqrt(squared);
  const double slope = (loss_at(h) - loss_at(-h)) / (2 * h);
  INFO("difference " << slope << ", squared norm " << squared);
  CHECK(std::abs(slope - squared) <= 5e-3 * squared);
}

TEST_CASE("some steps of AdamW lower the loss") {
  auto model = tiny_model("");
  tl::AdamW<float> optimizer(model.parameters(), {.learning_rate = 1e-2});
  const auto batch = tl::pack(sequences());
  const double before = model(batch, labels()).loss.value().item();
  model.train();
  for (std::uint64_t step = 0; step < 30; ++step) {
    model.context().step = step;
    optimizer.zero_grad();
    model(batch, labels()).loss.backward();
    optimizer.step();
  }
  model.eval();
  const double after = model(batch, labels()).loss.value().item();
  INFO(before << " -> " << after);
  CHECK(after < 0.5 * before);
}

TEST_CASE("after the largest batch a training step asks the system for no tensor memory") {
#ifdef __SANITIZE_ADDRESS__
  TL_SKIP("under AddressSanitizer every block comes from the system");
#else
  tl::DistilBertConfig config;
  config.vocab_size = 500, config.dim = 96, config.n_heads = 4, config.hidden_dim = 384, config.n_layers = 3;
  DistilBertForSequenceClassification model(config);
  model.train();
  tl::AdamW<float> optimizer(model.parameters(), {.defer_rows = true});
  const auto step = [&](std::int32_t texts, std::int32_t length) {
    std::vector<std::vector<std::int32_t>> ids;
    for (std::int32_t i = 0; i < texts; ++i)
      ids.emplace_back(static_cast<std::size_t>(1 + (length * (i + 1)) % 57), 7 * i % 500);
    const auto loss = model(tl::pack(ids), Tensor<std::int64_t>::zeros({texts})).loss;
    loss.backward();
    optimizer.step(1e-3, tl::clip_coefficient(tl::gradient_norm(model.parameters()), 1.0));
    optimizer.zero_grad();
  };
  step(40, 56);  // 40 texts of 1 to 57 tokens
  step(40, 56);
  const auto& allocator = tl::detail::CachingAllocator::instance();
  const std::int64_t before = allocator.system_requests();
  CHECK(before > 0);
  for (std::int32_t i = 0; i < 20; ++i) step(5 + i, 11 + 3 * i);
  CHECK(allocator.system_requests() == before);
#endif
}

TEST_CASE("bad input names what is wrong") {
  const auto model = tiny_model("");
  const auto batch = tl::pack(sequences());
  auto wrong = labels().clone();
  wrong.at({4}) = 3;
  TL_REQUIRE_ERROR(model(batch, wrong), "expected labels in [0, 3), got 3 at row 4");
  wrong.at({4}) = -1;
  TL_REQUIRE_ERROR(model(batch, wrong), "expected labels in [0, 3), got -1 at row 4");
  TL_REQUIRE_ERROR(model(batch, labels().rows(0, 5)),
                   "expected logits [B, C] and labels [B], got f32[11, 3]@cpu and i64[5]");
  const std::vector<std::vector<std::int32_t>> unknown{{1, 2}, {3, 50}}, negative{{-1}},
      long_text{std::vector<std::int32_t>(25, 1)};
  TL_REQUIRE_ERROR(model(tl::pack(unknown)), "input_ids: expected ids in [0, 50), got 50 at row 3");
  TL_REQUIRE_ERROR(model(tl::pack(negative)), "expected ids in [0, 50), got -1 at row 0");
  TL_REQUIRE_ERROR(model(tl::pack(long_text)),
                   "a text of 25 tokens is longer than the 24 positions of this model; truncate it (max_length = 24)");
  const std::vector<std::vector<std::int32_t>> longest{std::vector<std::int32_t>(24, 1)};
  CHECK_NOTHROW(model(tl::pack(longest)));
}

TEST_CASE("a label of -100 does not count") {
  const auto model = tiny_model("");
  auto some = labels().clone();
  some.rows(1, 11).fill(-100);
  const auto all = sequences();
  const std::vector<std::vector<std::int32_t>> first{all[0]};
  const double loss = model(tl::pack(all), some).loss.value().item();
  const double alone = model(tl::pack(first), labels().rows(0, 1)).loss.value().item();
  CHECK(std::abs(loss - alone) <= 1e-5);
}

TEST_CASE("an empty batch gives no logits") {
  const auto model = tiny_model("");
  const auto output = model(tl::pack(std::vector<std::vector<std::int32_t>>{}));
  CHECK(output.logits.shape() == tl::Shape{0, 3});
}

TEST_CASE("a problem type that is none predicts, and is refused with labels") {
  const auto model = tiny_model("");
  const tl::test::TemporaryFolder folder;
  tl::DistilBertConfig config = model.config();
  config.problem_type = "ranking";
  tl::save_parameters(folder.path(), model.parameters(), config.to_json(std::string(model.class_name())));
  const auto other = DistilBertForSequenceClassification::from_pretrained(folder.path());
  CHECK(same_bits(other(tl::pack(sequences())).logits.value(), model(tl::pack(sequences())).logits.value()));
  TL_REQUIRE_ERROR(other(tl::pack(sequences()), labels()),
                   "problem_type: expected single_label_classification, multi_label_classification or regression, got "
                   "ranking");
}

TEST_CASE("one label that is said to be a class predicts, and is refused with labels") {
  const tl::test::TemporaryFolder folder;
  tl::DistilBertConfig config = tiny_model("").config();
  config.set_labels({"price"});
  config.problem_type = "single_label_classification";
  tl::Mt19937 generator(1);
  const DistilBertForSequenceClassification model(config, generator);
  CHECK(model(tl::pack(sequences())).logits.shape() == tl::Shape{static_cast<std::int64_t>(sequences().size()), 1});
  TL_REQUIRE_ERROR(model(tl::pack(sequences()), labels()),
                   "problem_type: expected more than one label for single_label_classification, got 1; a model with "
                   "one label is one for regression");
  model.save_pretrained(folder.path());
  CHECK_FALSE(tl::read_json(folder / "config.json").contains("problem_type"));
}
