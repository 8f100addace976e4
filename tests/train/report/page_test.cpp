// The page of the report: well formed, escaped, and complete for what it is given.
#include <tl/train/report/page.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"
#include "train/report/markup.hpp"

using namespace tl;
using namespace tl::detail::report;
using namespace tl::test;

namespace {

Json page_log() {
  Json log = Json::array();
  for (int step = 1; step <= 6; ++step) {
    log.push_back({{"step", step},
                   {"epoch", step / 3.0},
                   {"loss", 1.0 / step},
                   {"learning_rate", 1e-5 * (6 - step)},
                   {"grad_norm", 2.0 + step}});
    if (step % 3 == 0)
      log.push_back({{"step", step},
                     {"epoch", step / 3.0},
                     {"eval_loss", 0.5 / step},
                     {"eval_accuracy", 0.2 * step / 3},
                     {"eval_runtime", 0.5},
                     {"eval_samples_per_second", 22.0}});
  }
  log.push_back({{"step", 6}, {"epoch", 2.0}, {"train_runtime", 75.5}, {"train_samples_per_second", 10.5}});
  log.push_back({{"step", 6}, {"epoch", 2.0}, {"eval_loss", 0.25}, {"eval_accuracy", 0.9}});
  return log;
}

const std::string page_attack = "<script>alert('\"&')</script>\x01";

Json page_run() {
  Json run = {{"name", page_attack}, {"log", page_log()}, {"arguments", {{page_attack, page_attack}, {"seed", 42}}}};
  run["model_card"] = page_attack;
  run["warnings"] = {page_attack};
  run["versions"] = {{"tl", page_attack}};
  run["lengths"][page_attack] = {{"rows", 3},
                                 {"tokens", 1234567},
                                 {"at_longest", 1},
                                 {"histogram", {{"low", 2}, {"width", 1}, {"counts", {1, 2}}}}};
  run["evaluations"][page_attack] = {
      {"labels", {page_attack, "b"}},
      {"confusion", {{3, 1}, {0, 2}}},
      {"classes", {{{"name", page_attack}, {"precision", 0.5}, {"recall", 1.0}, {"f1", 0.6667}, {"support", 4}}}},
      {"calibration", {{"error", 0.125}, {"bins", {{{"confidence", 0.7}, {"right", 0.5}, {"rows", 6}}}}}},
      {"hardest",
       {{{"row", 0},
         {"place", page_attack},
         {"text", page_attack},
         {"label", page_attack},
         {"prediction", "b"},
         {"score", 0.75},
         {"loss", 1.386}}}}};
  return run;
}

}  // namespace

TEST_CASE("report page: well formed, and nothing of the data becomes markup") {
  const std::string html = page(page_run());
  CHECK(markup_problem(html) == "");
  CHECK(html.find("<script") == html.npos);
  CHECK(html.find('\x01') == html.npos);
  CHECK(occurrences(html, "&lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;\xEF\xBF\xBD") >= 12);
  for (const char* outside : {"http:", "https:", "src=", "url(", "@import"}) {
    CAPTURE(outside);
    CHECK(html.find(outside) == html.npos);
  }
}

TEST_CASE("report page: sections, curves and tables of what is known") {
  const std::string html = page(page_run());
  for (const char* part :
       {"<h2 id=\"curves\">", "<h2 id=\"epochs\">", "Confusion matrix", "<small>75.0\xC2\xA0%</small>",
        "Scores of each class", "Expected calibration error <b>0.125</b>", "Rows with the highest loss",
        "<h2 id=\"lengths\">",
        "1\xC2\xA0"
        "234\xC2\xA0"
        "567 tokens",
        "<h2 id=\"speed\">", "1 min 15 s", "<h2 id=\"arguments\">", "<h2 id=\"card\">"}) {
    CAPTURE(part);
    CHECK(html.find(part) != html.npos);
  }
  CHECK(occurrences(html, "<figure>") == 6);  // loss, accuracy, rate, norm, reliability, lengths
  CHECK(markup_problem(page(Json::object())) == "");
  CHECK(page(Json::object()).find("<figure>") == std::string::npos);
}

TEST_CASE("report page: a line for each epoch, and one for what was evaluated after the training") {
  const std::vector<EpochRow> rows = epoch_rows(page_log());
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].name == "1");
  CHECK(rows[0].losses == 3);
  CHECK(rows[0].loss_sum == Approx(1.0 + 0.5 + 1.0 / 3));
  CHECK(rows[1].step == 6.0);
  CHECK(rows[1].scores.at("eval_accuracy") == Approx(0.4));
  CHECK(rows[2].name == "after training");
  CHECK(rows[2].scores.at("eval_loss") == 0.25);
}

TEST_CASE("report page: ticks are round, peaks survive, single and infinite values have a place") {
  CHECK(round_ticks(0.0, 1.0, 5).size() == 6);
  CHECK(round_ticks(0.0, 100.0, 4) == std::vector<double>{0.0, 25.0, 50.0, 75.0, 100.0});
  CHECK(round_ticks(-3.0, 3.0, 3) == std::vector<double>{-2.0, 0.0, 2.0});
  Points points;
  for (int i = 0; i < 100000; ++i) points.emplace_back(i, i == 77777 ? 9.0 : 1.0);
  const Points few = thinned(points);
  CHECK(few.size() <= most_points);
  CHECK(std::any_of(few.begin(), few.end(), [](const auto& point) { return point.second == 9.0; }));
  CHECK(std::is_sorted(few.begin(), few.end()));
  const std::string one = line_chart("one", {{"a", {{5.0, 2.0}}}});
  CHECK(one.find("<circle") != one.npos);
  CHECK(one.find("nan") == one.npos);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(line_chart("none", {{"a", {{1.0, infinity}, {2.0, std::nan("")}}}}).empty());
  CHECK(markup_problem(line_chart("some", {{"a", {{1.0, infinity}, {2.0, 1.0}, {3.0, -1e300}}}})) == "");
}

TEST_CASE("report page: texts and numbers") {
  CHECK(escaped("a\xFF<") == "a\\xff&lt;");
  CHECK(shortened("h\xC3\xA9llo", 2) == "h\xE2\x80\xA6");
  CHECK(shortened("hello", 5) == "hello");
  CHECK(number(0.000020000001) == "2e-05");
  CHECK(number(std::nan("")) == "\xE2\x80\x93");
  CHECK(count(-1234567) ==
        "-1\xC2\xA0"
        "234\xC2\xA0"
        "567");
  CHECK(count(999) == "999");
  CHECK(percent(0.875) == "87.5\xC2\xA0%");
  CHECK(duration(3.21) == "3.2 s");
  CHECK(duration(7500) == "2 h 5 min");
  const Histogram bars = histogram_of({3, 3, 512});
  CHECK(bars.counts.size() <= 25);
  CHECK(bars.counts.front() == 2);
  CHECK(bars.counts.back() == 1);
}

TEST_CASE("report page: a confusion matrix that is none is refused, a large one is a list") {
  TL_REQUIRE_ERROR(confusion_part({{"confusion", {{1, 2}, {3}}}}),
                   "confusion matrix: expected 2 counts in each row, got 1");
  Json summary = {{"confusion", Json::array()}};
  for (int row = 0; row < 40; ++row) {
    summary["confusion"].push_back(std::vector<int>(40, 0));
    summary["confusion"][static_cast<std::size_t>(row)][0] = row;
  }
  const std::string html = confusion_part(summary);
  CHECK(html.find("40 classes are more than a matrix of at most 30 can show") != html.npos);
  CHECK(occurrences(html, "<tr>") == 21);
  CHECK(markup_problem(html) == "");
}
