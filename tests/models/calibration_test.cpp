// Calibration: its file, the weights it belongs to, and what its thresholds decide.
#include <tl/models/calibration.hpp>

#include "models/model_cases.hpp"
#include "support/temporary_folder.hpp"

using namespace tl::test;

TEST_CASE("calibration: what is written is read again, for the same weights only") {
  const TemporaryFolder folder;
  auto model = tiny_model();
  const std::int64_t classes = model.config().num_labels();
  CHECK_FALSE(tl::load_calibration(folder.path(), classes, model.parameters()));
  const tl::Calibration calibration{
      .temperature = 1.25, .thresholds = std::vector<double>(static_cast<std::size_t>(classes), 0.1), .min_score = 0.4};
  tl::save_calibration(folder.path(), calibration, model.parameters());
  CHECK(tl::load_calibration(folder.path(), classes, model.parameters()) == calibration);
  TL_REQUIRE_ERROR(tl::load_calibration(folder.path(), classes + 1, model.parameters()),
                   "expected a threshold for each of the " + std::to_string(classes + 1) + " classes, got ");
  model.parameters().named().back().value().data()[0] += 1.0F;
  TL_REQUIRE_ERROR(
      tl::load_calibration(folder.path(), classes, model.parameters()),
      "calibration.json: expected the weights that it was fitted for, the folder has others; fit it again");
}

TEST_CASE("calibration: what a file may not say") {
  const TemporaryFolder folder;
  const auto model = tiny_model();
  const auto read = [&](const char* json) {
    write_text(folder.path() / "calibration.json", json);
    return tl::load_calibration(folder.path(), 2, model.parameters());
  };
  CHECK(read("{}") == tl::Calibration{});
  CHECK(read(R"({"min_score": null, "thresholds": null})") == tl::Calibration{});
  TL_REQUIRE_ERROR(read("[1]"), "calibration.json: expected a JSON object, got [1]");
  TL_REQUIRE_ERROR(read(R"({"temperature": 0})"), "expected a temperature above 0, got 0");
  TL_REQUIRE_ERROR(read(R"({"temperature": "1"})"), "expected a number for \"temperature\", got \"1\"");
  TL_REQUIRE_ERROR(read(R"({"thresholds": 0.5})"), "expected a list for \"thresholds\", got 0.5");
  TL_REQUIRE_ERROR(read(R"({"thresholds": [0.5]})"), "expected a threshold for each of the 2 classes, got 1");
  TL_REQUIRE_ERROR(read(R"({"thresholds": [0.5, 1.5]})"), "expected a threshold in [0, 1] for class 1, got 1.5");
  TL_REQUIRE_ERROR(read(R"({"min_score": -0.1})"), "expected min_score in [0, 1], got -0.1");
}

TEST_CASE("calibration: decisions") {
  const std::vector<float> p{0.2F, 0.5F, 0.3F};
  CHECK(tl::decided_class(p) == 1);
  CHECK(tl::decided_class(p, std::vector<double>{0.1, 0.6, 0.3}) == 0);
  CHECK(tl::decided_class(p, std::vector<double>{0.4, 0.4, 0.0}) == 2);
  CHECK(tl::decided_class(std::vector<float>{0.5F, 0.5F}) == 0);
  CHECK_FALSE(tl::decides(0.5F, 0));
  CHECK(tl::decides(0.5F, 1, std::vector<double>{0.6, 0.4}));
}
