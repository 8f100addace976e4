// Models on a device: what they load, save, draw and compute there is what they do on the CPU, to the bit.
#include <tl/models/auto_model.hpp>
#include <tl/models/calibration.hpp>

#include "model_cases.hpp"
#include "support/catch.hpp"
#include "support/locked_device.hpp"
#include "support/temporary_folder.hpp"

using tl::Tensor;

namespace {

std::vector<float> device_values(const tl::Model& model) { return model.parameters().values().to_vector(); }

/// Loss and gradients of one pass with dropout.
std::vector<float> pass(tl::Model& model, tl::Precision precision) {
  tl::nn::ForwardContext context{.training = true, .precision = precision, .seed = 7, .step = 3};
  tl::Batch batch = tl::pack(tl::test::sequences());
  batch.labels.set("labels", tl::test::labels());
  model.parameters().zero_grad();
  const tl::ModelOutput output = model.forward(batch.to(model.device()), context);
  output.loss.backward();
  std::vector<float> result = model.parameters().gradients().to_vector();
  for (const float logit : output.logits.value().to_vector()) result.push_back(logit);
  result.push_back(output.loss.value().item());
  return result;
}

}  // namespace

TEST_CASE("a model on a device gives the CPU's logits, loss and gradients, to the bit") {
  const tl::test::LockedDevice device;
  for (const tl::Precision precision : {tl::Precision::f32, tl::Precision::bf16}) {
    auto here = tl::test::tiny_model(""), there = tl::test::tiny_model("");
    there.to(tl::cuda_device);
    CHECK(there.device() == tl::cuda_device);
    CHECK(pass(there, precision) == pass(here, precision));
  }
}

TEST_CASE("moving a model copies once, and back again nothing is lost") {
  const tl::test::LockedDevice device;
  auto model = tl::test::tiny_model();
  const std::vector<float> before = device_values(model);
  model.parameters().freeze("distilbert.embeddings");
  const auto counts = device.counts();
  const std::int64_t layout = model.parameters().layout();
  model.to(tl::cuda_device);
  const auto asked = device.counts() - counts;
  CHECK(asked.to_device == 1);
  CHECK(asked.fills == 1);  // the gradients
  CHECK(model.parameters().layout() == layout + 1);
  CHECK_FALSE(model.parameters().at("distilbert.embeddings.word_embeddings.weight").parameter.trainable());
  model.to(tl::cuda_device);
  CHECK(model.parameters().layout() == layout + 1);
  model.parameters().unfreeze("distilbert.embeddings");
  CHECK(model.device() == tl::cuda_device);
  model.to(tl::cpu_device);
  CHECK(device_values(model) == before);
}

TEST_CASE("a model that does not fit on a device stays where it is") {
  auto model = tl::test::tiny_model();
  const float* const address = model.parameters().raw_values().data();
  TL_REQUIRE_ERROR(model.to(tl::cuda_device), "device cuda:0 is not available: this program was built without CUDA");
  const tl::test::LockedDevice device;
  tl::cuda_backend.allocate = [](std::size_t bytes) -> void* {
    tl::fail(tl::ErrorCode::device, "out of memory: cannot allocate ", bytes, " bytes");
  };
  TL_REQUIRE_ERROR(model.to(tl::cuda_device), "out of memory: cannot allocate");
  CHECK(model.device() == tl::cpu_device);
  CHECK(model.parameters().raw_values().data() == address);
  CHECK(model(tl::pack(tl::test::sequences())).logits.defined());
}

TEST_CASE("on a device a model loads, saves and is initialized as on the CPU, through one copy of all parameters") {
  const tl::test::LockedDevice device;
  const tl::test::TemporaryFolder folder;
  auto here = tl::test::tiny_model(), there = tl::test::tiny_model();
  there.to(tl::cuda_device);
  tl::Mt19937 first(5), second(5);
  tl::nn::initialize(here.parameters(), 0.02, first);
  tl::nn::initialize(there.parameters(), 0.02, second);
  CHECK(device_values(there) == device_values(here));

  here.save_pretrained(folder / "here");
  auto counts = device.counts();
  there.save_pretrained(folder / "there");
  CHECK((device.counts() - counts).to_host == 2);  // all parameters, and a look at whether they are zero
  CHECK(tl::test::read_text(folder / "there/model.safetensors") ==
        tl::test::read_text(folder / "here/model.safetensors"));
  CHECK(tl::detail::weights_checksum(there.parameters()) == tl::detail::weights_checksum(here.parameters()));

  auto loaded = tl::test::tiny_model();
  loaded.to(tl::cuda_device);
  counts = device.counts();
  loaded.load_weights(folder / "here");
  CHECK((device.counts() - counts).copies() == 2);  // there and back
  CHECK(device_values(loaded) == device_values(here));
  std::filesystem::resize_file(folder / "here/model.safetensors", 3000);
  TL_REQUIRE_ERROR(loaded.load_weights(folder / "here"), "model.safetensors");
  CHECK(device_values(loaded) == device_values(there));
}

TEST_CASE("a model of zeros on a device is refused as on the CPU") {
  const tl::test::LockedDevice device;
  auto model = tl::test::tiny_model();
  for (const auto& part : model.parameters().named()) part.value().fill(0.0F);
  model.to(tl::cuda_device);
  const tl::test::TemporaryFolder folder;
  TL_REQUIRE_ERROR(model.save_pretrained(folder / "zero"), "cannot save a model whose");
}

TEST_CASE("a batch on another device than the model is refused in a sentence") {
  const tl::test::LockedDevice device;
  auto model = tl::test::tiny_model();
  const tl::Batch batch = tl::pack(tl::test::sequences());
  TL_REQUIRE_ERROR(
      model(batch.to(tl::cuda_device)),
      "embedding_layer_norm_dropout: expected all tensors on one device, got input_ids on cuda:0 and gamma "
      "on cpu; move one of them with to(Device)");
  model.to(tl::cuda_device);
  TL_REQUIRE_ERROR(model(batch), "expected all tensors on one device, got input_ids on cpu and gamma on cuda:0");
  tl::Batch labelled = batch.to(tl::cuda_device);
  labelled.labels.set("labels", tl::test::labels());
  TL_REQUIRE_ERROR(model(labelled),
                   "cross_entropy: expected all tensors on one device, got logits on cuda:0 and labels on cpu");
}
