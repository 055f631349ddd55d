import json
from pathlib import Path

import pytest

from tests.unit.trainer.gate.versions import LIVE, candidate
from trainer import gate
from trainer.evaluation import NotAVersion
from trainer.gate.critical import presentations
from trainer.gate.evidence import Evidence, written

FEW = Evidence("regression", written(urgent_of_each=40, others_of_each=20).rows)
QUICK = gate.Limits(latency_messages=20)


def failed(report: gate.GateReport) -> set[str]:
    return {check.name for check in report.checks if check.status is gate.Status.FAILED}


def test_a_copy_of_live_fails_nothing_and_is_still_refused_on_too_few_rows(tmp_path: Path) -> None:
    copy = candidate(tmp_path)
    report = gate.judge(copy, LIVE, regression=FEW, limits=QUICK)
    assert failed(report) == set()
    (unsure,) = [check for check in report.blocking if check.name == "sensitivity of levels 1-2"]
    assert unsure.power is not None
    assert unsure.power < 0.8
    assert "cannot tell" in unsure.told
    assert not report.passed
    accepted = report.model_copy(update={"low_power_accepted": "first week of a new ward"})
    assert accepted.passed
    assert "Low power was accepted: first week of a new ward" in accepted.markdown()
    assert json.loads(accepted.json_text())["passed"] is True
    assert gate.GateReport.model_validate_json(report.model_dump_json()) == report


def test_one_that_publishes_only_the_most_probable_level_is_refused_whatever_is_accepted(
    tmp_path: Path,
) -> None:
    bold = candidate(tmp_path, urgency_plausible_from=0.9, urgency_temperature=0.2, fits_card=False)
    report = gate.judge(bold, LIVE, regression=FEW, limits=QUICK, accept_low_power="a reason")
    assert {"sensitivity of levels 1-2", "not under-triaged", "newly missed", "files"} <= failed(report)
    assert not report.passed
    (missed,) = [check for check in report.checks if check.name == "newly missed"]
    assert set(missed.cases) <= {presentation.id for presentation in presentations()}
    assert missed.cases[0] in report.markdown()


def test_one_that_calls_everything_urgent_is_refused_too(tmp_path: Path) -> None:
    timid = candidate(tmp_path, urgency_plausible_from=1e-9, diagnosis_abstain_below=1.0)
    report = gate.judge(timid, LIVE, regression=FEW, limits=QUICK, accept_low_power="a reason")
    assert {"levels 3-5 not flagged", "diagnosis not withheld"} <= failed(report)
    assert "sensitivity of levels 1-2" not in failed(report)


def test_a_lost_label_is_named(tmp_path: Path) -> None:
    labels = ["normal", "hypertension", "diabetes", "heart_disease", "asthma"]
    report = gate.judge(candidate(tmp_path, labels=labels), LIVE, regression=FEW, limits=QUICK)
    (check,) = [check for check in report.checks if check.name == "labels"]
    assert (check.status, check.cases) == (gate.Status.FAILED, ("cancer",))


def test_what_is_no_version_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotAVersion, match=r"bundle\.json"):
        gate.judge(tmp_path, LIVE, regression=FEW, limits=QUICK)


def test_the_written_regression_set_is_the_same_every_time_and_mostly_urgent() -> None:
    first, second = (written(urgent_of_each=40, others_of_each=20).used for _ in range(2))
    assert first == second
    assert (first.rows, first.urgent_rows) == (120, 80)
    other = Evidence("regression", FEW.rows[1:])
    assert other.used.sha256 != first.sha256


def test_the_suite_is_whole_and_every_entry_has_its_guideline() -> None:
    suite = presentations()
    assert len({p.id for p in suite}) == len(suite) >= 120
    assert len({p.text for p in suite}) == len(suite)
    assert {p.voice for p in suite} == {"patient", "relative", "nurse"}
    assert sum(p.language == "zh" for p in suite) >= 10
