"""A soup is the mean of what is put in, and what doesn't mix is refused."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from streams.adapters.model_bundle import load_bundle
from tests.unit.trainer.compress.finished_run import finished_run
from trainer.compress.subject import load_subject
from trainer.runs import RunFolder
from trainer.soup import ENSEMBLE, NotMixable, average, choose, make_soup
from trainer.train import RunUnusable


def another(run: RunFolder, name: str, shift: float) -> RunFolder:
    """A copy of `run` whose weights are all greater by `shift`."""
    other = RunFolder(run.path.with_name(name))
    shutil.copytree(run.path, other.path)
    other.write(run.read().model_copy(update={"name": name}))
    shifted = {
        key: value + shift if value.is_floating_point() else value
        for key, value in load_file(run.weights).items()
    }
    save_file(shifted, other.weights)
    return other


def test_the_average_is_that_of_each_tensor() -> None:
    index = torch.tensor([3, 4])
    mean = average([{"a": torch.tensor([1.0, 2.0]), "b": index}, {"a": torch.tensor([3.0, 6.0]), "b": index}])
    assert torch.equal(mean["a"], torch.tensor([2.0, 4.0]))
    assert torch.equal(mean["b"], index)


def test_all_runs_are_averaged_into_a_version_that_can_be_served(tmp_path: Path) -> None:
    first = finished_run(tmp_path / "first", layers=1)
    second = another(first, "second", 0.5)
    made = make_soup([first.path, second.path], tmp_path / "soup", greedy=False)
    weights, before = load_file(made.weights), load_file(first.weights)
    for name, value in before.items():
        torch.testing.assert_close(
            weights[name], value + 0.25 if value.is_floating_point() else value, equal_nan=True
        )
    record = made.read()
    assert (record.method, record.status, record.name) == ("soup", "finished", "soup")
    assert record.averaged is not None
    assert set(record.averaged.put_in) == {"first", "second"} == set(record.averaged.runs)
    judged = {(score.test_set, score.task) for score in record.after if score.system == "float32"}
    assert (
        judged
        == {(score.test_set, score.task) for score in record.after if score.system == ENSEMBLE}
        != set()
    )
    assert load_bundle(made.version_dir).profile.version == "1"
    with pytest.raises(RunUnusable, match="name another run"):
        make_soup([first.path, second.path], tmp_path / "soup", greedy=False)


def test_greedy_leaves_out_what_makes_it_worse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = finished_run(tmp_path / "first", layers=1)
    runs = [first, another(first, "same", 0.0), another(first, "broken", 100.0)]
    monkeypatch.setattr("trainer.soup._figure", lambda _subject, model: -model.diagnosis_head.bias[0].item())
    chosen, averaged = choose([load_subject(run.path) for run in runs], greedy=True)
    assert averaged.put_in == ("first", "same") == tuple(subject.record.name for subject in chosen)
    assert averaged.figure == max(averaged.runs.values())
    _, averaged = choose([load_subject(run.path) for run in runs], greedy=False)
    assert averaged.put_in == ("first", "same", "broken")


@pytest.mark.parametrize(("names", "says"), [(["first"], "two runs or more"), (["first", "first"], "twice")])
def test_too_few_runs_are_refused(names: list[str], says: str, tmp_path: Path) -> None:
    finished_run(tmp_path / "first", layers=1)
    with pytest.raises(NotMixable, match=says):
        make_soup([tmp_path / name for name in names], tmp_path / "soup", greedy=True)


def test_runs_of_other_shapes_are_refused(tmp_path: Path) -> None:
    runs = [finished_run(tmp_path / f"of-{layers}", layers=layers).path for layers in (1, 2)]
    for run in runs:
        folder = RunFolder(run)
        folder.write(folder.read().model_copy(update={"encoder_sha256": "a" * 64}))
    with pytest.raises(NotMixable, match="shape: not the same"):
        make_soup(runs, tmp_path / "soup", greedy=True)
    assert not (tmp_path / "soup").exists()


@pytest.mark.parametrize(
    ("sha256", "says"),
    [("f" * 64, "weights of the encoder: not the same"), (None, "encoder: second did not record")],
)
def test_runs_of_other_weights_under_one_name_are_refused(
    sha256: str | None, says: str, tmp_path: Path
) -> None:
    first = finished_run(tmp_path / "first", layers=1)
    second = another(first, "second", 0.5)
    second.write(second.read().model_copy(update={"encoder_sha256": sha256}))
    with pytest.raises(NotMixable, match=says):
        make_soup([first.path, second.path], tmp_path / "soup", greedy=False)
