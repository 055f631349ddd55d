"""Trains in two processes (gloo) and writes what each of them ended with: `python -m ... FOLDER`.

A program of its own, as processes are forked: in one that has already computed gradients they would wait for ever.
"""

import sys
from pathlib import Path

import torch
from accelerate import debug_launcher

from tests.unit.trainer.tuning.small import ROWS, WINDOWER, small_model
from tests.unit.trainer.tuning.test_methods import METHODS
from trainer.processes import processes
from trainer.tuning.config import EarlyStopping, Optimizer, TrainConfig
from trainer.tuning.loop import train_epochs

TOGETHER = sorted(METHODS.keys() - {"gradual_unfreezing"})
_CONFIG = TrainConfig(
    epochs=2,
    batch_size=5,
    accumulation=2,
    heads_first=None,
    optimizer=Optimizer(encoder_rate=1e-3),
    early_stopping=EarlyStopping(patience=2),
)


def train_all(folder: Path) -> None:
    """Train with every method in this process, one of two."""
    torch.set_num_threads(1)
    processes()  # asked before the loop does, as in a run
    results = {}
    for name in TOGETHER:
        model, watched = small_model(), list[int]()
        trained = train_epochs(
            model,
            ROWS,
            WINDOWER,
            _CONFIG.model_copy(update={"method": METHODS[name]}),
            title=name,
            validation=ROWS,
            checkpoint=folder / name,
            after_epoch=lambda record, _report, seen=watched: seen.append(record.epoch),  # type: ignore[misc]
        )
        figures = [[epoch.macro_f1, epoch.qwk] for epoch in trained.epochs]
        results[name] = {
            "weights": dict(model.state_dict()),
            "processes": trained.processes,
            "figures": figures,
            "reported": watched,
        }
    torch.save(results, folder / f"{processes().process_index}.pt")


if __name__ == "__main__":
    debug_launcher(train_all, (Path(sys.argv[1]),), num_processes=2)
