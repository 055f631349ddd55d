from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.unit.trainer.tuning.small import ROWS, WINDOWER, small_model
from tests.unit.trainer.tuning.test_methods import METHODS
from trainer.data.rows import Row
from trainer.model import TriageBert
from trainer.runs import EpochRecord
from trainer.tuning.checkpoint import Checkpoint, CheckpointUnreadable
from trainer.tuning.config import Augmentation, EarlyStopping, Losses, Optimizer, Paraphrases, TrainConfig
from trainer.tuning.loop import Trained, train_epochs

CONFIG = TrainConfig(
    epochs=3,
    batch_size=5,
    heads_first=None,
    optimizer=Optimizer(encoder_rate=1e-3, schedule="cosine"),
    augmentation=Augmentation(typos=0.5, synonyms=0.5),
    early_stopping=EarlyStopping(patience=3),
)


class Interrupted(Exception):
    pass


def run(
    config: TrainConfig,
    checkpoint: Path | None = None,
    *,
    rows: Sequence[Row] = ROWS,
    stop_after: int | None = None,
) -> tuple[TriageBert, Trained]:
    def watch(record: EpochRecord, _report: str) -> None:
        if record.epoch == stop_after:
            raise Interrupted

    torch.manual_seed(5)
    model = small_model()
    trained = train_epochs(
        model,
        rows,
        WINDOWER,
        config,
        title="train",
        validation=ROWS,
        checkpoint=checkpoint,
        after_epoch=watch,
    )
    return model, trained


@pytest.mark.parametrize(
    ("method", "optimizer"), [*((name, "adamw") for name in METHODS), ("full", "adafactor"), ("full", "sgd")]
)
def test_an_interrupted_and_resumed_run_ends_with_the_same_weights(
    method: str, optimizer: str, tmp_path: Path
) -> None:
    settings = CONFIG.optimizer.model_copy(update={"kind": optimizer})
    config = CONFIG.model_copy(update={"method": METHODS[method], "optimizer": settings})
    whole, of_whole = run(config)
    with pytest.raises(Interrupted):
        run(config, tmp_path, stop_after=1)
    torch.manual_seed(99)
    resumed, of_resumed = run(config, tmp_path)
    for (name, expected), got in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(expected, got), name
    assert [(e.epoch, e.macro_f1, e.qwk) for e in of_whole.epochs] == [
        (e.epoch, e.macro_f1, e.qwk) for e in of_resumed.epochs
    ]


def test_an_epoch_reads_paraphrases_in_place_of_texts() -> None:
    rows = [replace(row, paraphrases=(f"so {row.text}",)) for row in ROWS]
    plain = CONFIG.model_copy(update={"early_stopping": None, "epochs": 1})

    def weights(share: float) -> torch.Tensor:
        augmentation = Augmentation(paraphrases=Paraphrases(file="f", share=share))
        return run(plain.model_copy(update={"augmentation": augmentation}), rows=rows)[
            0
        ].diagnosis_head.weight

    assert torch.equal(weights(1.0), weights(1.0))
    assert not torch.equal(weights(1.0), weights(0.0))


def test_accumulated_batches_are_one_step() -> None:
    plain = CONFIG.model_copy(
        update={"early_stopping": None, "augmentation": Augmentation(vitals_hidden=0, vital_hidden=0)}
    )
    one, of_one = run(plain.model_copy(update={"batch_size": 8, "accumulation": 3, "epochs": 1}))
    other, _ = run(plain.model_copy(update={"batch_size": 8, "accumulation": 4, "epochs": 1}))
    assert len(of_one.epochs) == 1
    for expected, got in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(expected, got)  # three batches: both take one step over all of them


def test_training_stops_when_the_figure_no_longer_grows_and_keeps_the_best_epoch() -> None:
    rates = Optimizer(encoder_rate=1e-9, head_rate=1e-9, vitals_rate=1e-9)
    config = CONFIG.model_copy(update={"optimizer": rates, "epochs": 9})
    model, trained = run(config.model_copy(update={"early_stopping": EarlyStopping(patience=2)}))
    assert (len(trained.epochs), trained.best_epoch) == (3, 1)
    torch.testing.assert_close(model.diagnosis_head.weight, small_model().diagnosis_head.weight)


def test_without_early_stopping_the_last_epoch_is_kept() -> None:
    _, trained = run(CONFIG.model_copy(update={"early_stopping": None}))
    assert trained.best_epoch == len(trained.epochs) == 3
    assert all(epoch.macro_f1 is not None and epoch.qwk is not None for epoch in trained.epochs)


@pytest.mark.parametrize(
    "losses",
    [
        Losses(diagnosis_classes="equal", urgency_classes="inverse"),
        Losses(focal_gamma=2.0),
        Losses(label_smoothing=0.1),
        Losses(diagnosis_weight=0.5, urgency_weight=2.0),
    ],
    ids=["weights", "focal", "smoothing", "tasks"],
)
def test_every_loss_is_learned(losses: Losses) -> None:
    plain = {"losses": losses, "epochs": 8, "early_stopping": None, "augmentation": Augmentation()}
    rates = Optimizer(encoder_rate=3e-3, head_rate=3e-2)
    _, trained = run(CONFIG.model_copy(update={**plain, "optimizer": rates}))
    assert trained.epochs[-1].diagnosis_loss < 0.7 * trained.epochs[0].diagnosis_loss
    assert trained.epochs[-1].macro_f1 == 1.0


def test_bf16_trains_float32_weights_near_those_of_float32() -> None:
    exact, _ = run(CONFIG.model_copy(update={"epochs": 1}))
    rough, _ = run(CONFIG.model_copy(update={"epochs": 1, "precision": "bf16"}))
    assert {parameter.dtype for parameter in rough.parameters()} == {torch.float32}
    torch.testing.assert_close(rough.diagnosis_head.weight, exact.diagnosis_head.weight, atol=0.02, rtol=0.1)
    assert not torch.equal(rough.diagnosis_head.weight, exact.diagnosis_head.weight)


def test_a_damaged_checkpoint_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "last.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointUnreadable):
        Checkpoint.read(tmp_path)
