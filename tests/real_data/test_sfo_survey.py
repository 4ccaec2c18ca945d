"""SFO airport customer survey 2018 (DataSF). The figures were computed without this library, in plain pandas."""

from __future__ import annotations

import pandas as pd
import pytest

import csmetrics as csm

RECOMMEND = "NETPRO  "  # the name in the header ends in two blanks
NO_ANSWER = 11

SCORES = {0: 24, 1: 11, 2: 24, 3: 26, 4: 24, 5: 205, 6: 133, 7: 334, 8: 601, 9: 498, 10: 770}
RATINGS = {1: 6, 2: 46, 3: 514, 4: 1428, 5: 631}


def near(value: float) -> object:
    return pytest.approx(value, abs=5e-8, rel=0)


@pytest.fixture(scope="module")
def scores(sfo: pd.DataFrame) -> pd.Series:
    return sfo[RECOMMEND].replace(NO_ANSWER, float("nan"))


@pytest.fixture(scope="module")
def ratings(sfo: pd.DataFrame) -> pd.Series:
    overall = pd.to_numeric(sfo["Q7ALL"], errors="coerce")
    return overall.where(overall.between(1, 5))  # BLANK (0 in the code book), and 6 for "never used"


def test_the_file_is_the_one_meant(sfo, scores, ratings) -> None:
    assert len(sfo) == 2809
    assert (sfo[RECOMMEND] == NO_ANSWER).sum() == 159
    assert scores.value_counts().to_dict() == SCORES
    assert ratings.value_counts().to_dict() == RATINGS
    assert sfo["WEIGHT"].notna().all()


def test_net_promoter_score(scores) -> None:
    assert csm.nps_from_scores(scores) == near(30.9811320755)
    assert scores.csm.nps() == near(30.9811320755)
    assert csm.nps(promoters=1268, passives=935, detractors=447) == near(30.9811320755)


@pytest.mark.parametrize("dtype", ["float32", "Int8", "Float64", "int8[pyarrow]", "category", object])
def test_the_score_in_every_dtype(scores, dtype) -> None:
    assert csm.nps_from_scores(scores.astype("Int8").astype(dtype)) == near(30.9811320755)


def test_counts_as_weights(scores) -> None:
    assert csm.nps_from_scores(list(SCORES), weights=list(SCORES.values())) == near(30.9811320755)
    assert csm.csat_from_ratings(list(RATINGS), weights=list(RATINGS.values())) == near(78.43809524)


def test_weighted_by_the_survey(sfo, scores) -> None:
    assert csm.nps_from_scores(scores, weights=sfo["WEIGHT"]) == near(35.1136321036)
    assert csm.nps_from_scores(scores.to_numpy(), weights=sfo["WEIGHT"].tolist()) == near(35.1136321036)
    assert scores.csm.nps(weights=sfo["WEIGHT"]) == near(35.1136321036)
    with pytest.raises(csm.MetricInputError, match="must have the index of the other Series"):
        csm.nps_from_scores(scores, weights=sfo["WEIGHT"].sort_values())


def test_the_code_for_no_answer_is_refused(sfo) -> None:
    """If the blanks were counted as promoters, NPS would be 34.89: the library refuses them."""
    kept = sfo[RECOMMEND]
    wrong = 100 * ((kept >= 9).sum() - (kept <= 6).sum()) / len(kept)
    assert wrong == pytest.approx(34.8878604486)
    with pytest.raises(csm.MetricInputError, match="`scores` must be between 0 and 10; 159 of 2809 values") as caught:
        csm.nps_from_scores(kept)
    first = int((kept == NO_ANSWER).to_numpy().argmax())
    assert f"first at position {first} (11)" in caught.value.found
    with pytest.raises(csm.MetricInputError, match=r"must be between 0 and 10"):
        kept.csm.nps(weights=sfo["WEIGHT"])
    with pytest.raises(csm.MetricInputError, match=r"must be between 1 and 10"):
        csm.nps_from_scores(kept.replace(NO_ANSWER, float("nan")), scale=(1, 10))  # the answers include 24 zeros


def test_blank_ratings_are_refused(sfo, ratings) -> None:
    coded = ratings.fillna(0)  # as in the survey's code book
    for reduce in (csm.csat_from_ratings, csm.csat_mean_from_ratings):
        with pytest.raises(csm.MetricInputError, match="`ratings` must be numbers; 2809 of 2809 values are not"):
            reduce(sfo["Q7ALL"])  # as in the file: text, including BLANK
        with pytest.raises(csm.MetricInputError, match="must be between 1 and 5; 184 of 2809 values break it"):
            reduce(coded)
    assert csm.csat_from_ratings(coded, scale=(0, 5)) == pytest.approx(100 * 2059 / 2809)  # a blank is not a 0


def test_response_rate(sfo, scores) -> None:
    assert csm.response_rate(responses=scores.count(), invited=len(sfo)) == near(94.33962264)
    assert scores.count() == 2650


def test_satisfaction(ratings) -> None:
    assert ratings.count() == 2625
    assert csm.csat_from_ratings(ratings) == near(78.43809524)
    assert ratings.csm.csat() == near(78.43809524)
    assert ratings.csm.csat(top=1) == near(24.03809524)
    assert csm.csat(satisfied=2059, responses=2625) == near(78.43809524)
    assert csm.csat_mean_from_ratings(ratings) == near(4.0026666667)
    assert ratings.csm.csat_mean() == near(4.0026666667)


def test_groups_from_their_totals(sfo, scores) -> None:
    answered = sfo.assign(
        promoters=scores.ge(9).astype(int),
        passives=scores.between(7, 8).astype(int),
        detractors=scores.le(6).astype(int),
    )
    by = answered.csm.by("BAREA").nps()
    assert len(by) == sfo["BAREA"].nunique() > 1
    raw = sfo.assign(scores=scores).csm.by("BAREA").nps_from_scores()
    pd.testing.assert_series_equal(by, raw, check_names=False, rtol=1e-12)
    assert answered.csm.total().nps() == near(30.9811320755)
