// Values of seqeval 1.2.2; tests/reference/compare_metrics.py compares many more.
#include <tl/metrics/tags.hpp>

#include <cmath>

#include "support/catch.hpp"

using namespace tl::metrics;
using Sequences = std::vector<std::vector<std::string>>;

namespace {

const Sequences labels{{"B-PER", "I-PER", "O", "I-LOC"}, {"B-LOC", "B-LOC", "O", "O", "I-ORG", "I-ORG"}, {"O"}};
const Sequences predicted{{"B-PER", "I-PER", "O", "B-LOC"}, {"B-LOC", "I-LOC", "O", "O", "B-ORG", "I-ORG"}, {"I-PER"}};

std::string text(const std::vector<Entity>& entities) {
  std::string all;
  for (const Entity& e : entities) all += tl::str_cat(e.sequence, ':', e.type, ' ', e.start, '-', e.end, ' ');
  return all;
}

}  // namespace

TEST_CASE("metrics: entities of tags in any order") {
  CHECK(text(get_entities(labels)) == "0:PER 0-1 0:LOC 3-3 1:LOC 0-0 1:LOC 1-1 1:ORG 4-5 ");
  CHECK(text(get_entities(predicted)) == "0:PER 0-1 0:LOC 3-3 1:LOC 0-1 1:ORG 4-5 2:PER 0-0 ");
  const std::vector<std::string> iobes{"B-A", "E-A", "S-B", "O", "B-A", "I-A", "E-A", "I-A"};
  CHECK(text(get_entities(iobes)) == "0:A 0-1 0:B 2-2 0:A 4-6 0:A 7-7 ");
  CHECK(text(get_entities(std::vector<std::string>{"I-A", "I-A", "I-B", "O", "I"})) ==
        "0:A 0-1 0:B 2-2 0:_ 4-4 ");  // IO
  CHECK(text(get_entities(std::vector<std::string>{"PER-B", "PER-I", "O", "A-X-B"}, true)) == "0:PER 0-1 0:A-X 3-3 ");
  TL_REQUIRE_ERROR(get_entities(Sequences{{"O", ""}}), "get_entities: expected a tag, got an empty text");
}

TEST_CASE("metrics: entities by the rules of a scheme") {
  CHECK(text(get_entities(labels, Scheme::iob2)) == "0:PER 0-1 1:LOC 0-0 1:LOC 1-1 ");
  CHECK(text(get_entities(labels, Scheme::iob1)) == "0:PER 1-1 0:LOC 3-3 1:LOC 1-1 1:ORG 4-5 ");
  const Sequences iobes{{"B-A", "E-A", "S-B", "O", "B-A", "I-A", "E-A", "I-A", "B-A", "I-A"}};
  CHECK(text(get_entities(iobes, Scheme::iobes)) == "0:A 0-1 0:B 2-2 0:A 4-6 ");
  CHECK(text(get_entities(Sequences{{"B-A", "L-A", "U-B", "B-A"}}, Scheme::bilou)) == "0:A 0-1 0:B 2-2 ");
  CHECK(text(get_entities(Sequences{{"I-A", "E-A", "E-A", "I-B", "O"}}, Scheme::ioe2)) == "0:A 0-1 0:A 2-2 ");
  TL_REQUIRE_ERROR(get_entities(iobes, Scheme::iob2),
                   "get_entities: expected tags of IOB2, whose letters are IOB, got E-A at word 1 of sequence 0");
}

TEST_CASE("metrics: the scheme that tags have") {
  CHECK(detect_scheme(labels) == Scheme::iob2);
  CHECK(detect_scheme(Sequences{{"O", "E-A"}}) == Scheme::ioe2);
  CHECK(detect_scheme(Sequences{{"B-A", "E-A"}}) == Scheme::iobes);
  CHECK(detect_scheme(Sequences{{"S-A"}}) == Scheme::iobes);
  CHECK(detect_scheme(Sequences{{"U-A"}}) == Scheme::bilou);
  TL_REQUIRE_ERROR(detect_scheme(Sequences{{"O", "I-A"}}),
                   "detect_scheme: expected the letters of IOB2, IOE2, IOBES or BILOU, got OI; name the scheme");
  TL_REQUIRE_ERROR(detect_scheme(Sequences{{"NN"}}), "got N; name the scheme");
}

TEST_CASE("metrics: precision, recall and F1 of entities") {
  CHECK(accuracy_score(labels, predicted) == Approx(7.0 / 11));
  CHECK(precision_score(labels, predicted) == Approx(0.6));
  CHECK(recall_score(labels, predicted, {.average = Average::macro}) == Approx(7.0 / 9).epsilon(1e-14));
  CHECK(f1_score(labels, predicted, {.average = Average::macro}) == Approx(0.6888888888888888).epsilon(1e-14));
  CHECK(f1_score(labels, predicted, {.average = Average::weighted}) == Approx(0.5733333333333334).epsilon(1e-14));
  CHECK(f1_score(labels, predicted, {.strict = true}) == Approx(0.28571428571428575).epsilon(1e-14));
  CHECK(f1_score(labels, predicted, {.average = Average::weighted, .strict = true, .scheme = Scheme::iob2}) ==
        Approx(1.0 / 3).epsilon(1e-14));
  const auto types = type_scores(labels, predicted);
  REQUIRE(types.size() == 3);
  CHECK(types[0].type == "LOC");
  CHECK(types[0].support == 3);
  CHECK(types[0].scores.f_score == Approx(0.4));
}

TEST_CASE("metrics: tags without an entity, and of different lengths") {
  const Sequences none{{"O", "O"}};
  CHECK(f1_score(none, none) == 0.0);
  CHECK(f1_score(none, none, {.zero_division = 1.0}) == 1.0);
  CHECK(std::isnan(f1_score(none, none, {.average = Average::macro})));
  CHECK(f1_score(none, none, {.average = Average::weighted}) == 0.0);
  TL_REQUIRE_ERROR(f1_score(none, labels),
                   "f1_score: expected as many sequences of predicted tags as of labels, got 3 and 1");
  TL_REQUIRE_ERROR(precision_score(none, Sequences{{"O"}}),
                   "precision_score: expected as many predicted tags as labels, got 1 and 2 in sequence 0");
  TL_REQUIRE_ERROR(accuracy_score(Sequences{{}}, Sequences{{}}), "accuracy_score: expected at least one tag, got none");
  TL_REQUIRE_ERROR(recall_score(none, none, {.average = Average::samples}),
                   "recall_score: expected Average::micro, macro or weighted for tags");
  TL_REQUIRE_ERROR(recall_score(none, none, {.zero_division = 2.0}),
                   "recall_score: expected zero_division 0 or 1, got 2");
}
