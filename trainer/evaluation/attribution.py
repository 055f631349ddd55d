"""Each word's share of an answer, by several methods. Words are what stands between spaces."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from captum.attr import FeatureAblation, LayerIntegratedGradients, ShapleyValueSampling
from numpy.typing import NDArray
from torch import Tensor

from streams.ports import ModelAnswer
from streams.text import EncodedWindow
from trainer.data.rows import Row
from trainer.evaluation.version import JudgedVersion
from trainer.model import TriageBert
from trainer.served import ServedGraph

__all__ = ["METHODS", "TASKS", "Explainer", "Words", "served_shares"]

TASKS = ("diagnosis", "urgency")
METHODS = ("served", "occlusion", "Shapley values", "integrated gradients")
_PADDING = 0
_STEPS = 16


@dataclass(frozen=True, slots=True)
class Words:
    """A row, and where its words stand."""

    row: Row
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, row: Row) -> "Words":
        """Find them."""
        return cls(row, tuple(found.span() for found in re.finditer(r"\S+", row.text)))

    def kept(self, mask: NDArray[np.bool_]) -> Row:
        """Return the row with the words of `mask` [w] alone."""
        words = [
            self.row.text[start:end] for (start, end), keep in zip(self.spans, mask, strict=True) if keep
        ]
        return replace(self.row, text=" ".join(words))

    def gathered(self, window: EncodedWindow, tokens: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up the shares of `tokens` [n] by word [w]; special tokens belong to none."""
        shares = np.zeros(len(self.spans))
        starts = np.array([start for start, _ in self.spans])
        for (start, end), share in zip(window.offsets, tokens, strict=True):
            if end > start:
                shares[np.searchsorted(starts, start, side="right") - 1] += share
        return shares


def served_shares(version: JudgedVersion, graph: ServedGraph, words: Words) -> dict[str, NDArray[np.float64]]:
    """Return the shares [w] that `graph` itself gives, by task."""
    ((window,),) = version.windows([words.row])
    (answer,) = graph.ask_windows([window], title=None)
    tokens = (answer.diagnosis_attribution, answer.urgency_attribution)
    return {
        task: words.gathered(window, np.asarray(share, dtype=float))
        for task, share in zip(TASKS, tokens, strict=True)
    }


class Explainer:
    """Explains rows that fit one window; `copy`: the float model, None leaves integrated gradients out."""

    def __init__(self, version: JudgedVersion, copy: TriageBert | None, *, orders: int, seed: int) -> None:
        self._version = version
        self._copy = copy
        self._orders = orders
        self._seed = seed
        self._asked: dict[tuple[int, bytes], NDArray[np.float64]] = {}

    def explain(self, words: Words) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Return shares [w] by task and method."""
        served = served_shares(self._version, self._version.graph, words)
        return {
            task: {
                METHODS[0]: served[task],
                METHODS[1]: self._occlusion(words, number),
                METHODS[2]: self._shapley(words, number),
                **({} if self._copy is None else {METHODS[3]: self._gradients(self._copy, words, number)}),
            }
            for number, task in enumerate(TASKS)
        }

    def scores(self, words: Words, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the label's logit and the urgency score [k, 2] where only the words of each mask [k, w] are left.

        The label is the one that wins with all words.
        """
        whole = np.ones((1, masks.shape[1]), dtype=bool)
        keys = [(id(words.row), mask.tobytes()) for mask in np.concatenate([whole, masks])]
        missing = {
            key: mask for key, mask in zip(keys, [whole[0], *masks], strict=True) if key not in self._asked
        }
        if missing:
            windows = self._version.windows([words.kept(mask) for mask in missing.values()])
            answers = self._version.graph.ask_windows([parts[0] for parts in windows], title=None)
            self._asked |= {key: _scores(answer) for key, answer in zip(missing, answers, strict=True)}
        label = int(self._asked[keys[0]][:-1].argmax())
        return np.array([self._asked[key][[label, -1]] for key in keys[1:]])

    def largest_difference(self, rows: Sequence[Row]) -> float:
        """Return how far the float copy's scores are from the graph's, over rows, labels and the urgency score."""
        if self._copy is None:
            return float("nan")
        differences = []
        for (window,) in self._version.windows(rows):
            (answer,) = self._version.graph.ask_windows([window], title=None)
            with torch.no_grad():
                ids = torch.from_numpy(window.input_ids)[None]
                given = self._copy(ids, torch.ones_like(ids), torch.from_numpy(window.vitals)[None])
            scores = np.append(given.diagnosis_logits[0].numpy(), given.urgency_attribution.sum().item())
            differences.append(np.abs(scores - _scores(answer)).max())
        return float(max(differences))

    def _forward(self, words: Words, task: int, masks: Tensor) -> Tensor:
        return torch.from_numpy(self.scores(words, masks.numpy() > 0.5)[:, task])

    def _occlusion(self, words: Words, task: int) -> NDArray[np.float64]:
        everything = torch.ones(1, len(words.spans))
        method = FeatureAblation(lambda masks: self._forward(words, task, masks))
        shares = method.attribute(everything, baselines=0.0, perturbations_per_eval=len(words.spans))
        return np.asarray(shares[0].numpy(), dtype=float)

    def _shapley(self, words: Words, task: int) -> NDArray[np.float64]:
        everything = torch.ones(1, len(words.spans))
        # The same orders for both tasks: every answer is asked for once.
        torch.manual_seed(self._seed)
        method = ShapleyValueSampling(lambda masks: self._forward(words, task, masks))
        shares = method.attribute(
            everything, baselines=0.0, n_samples=self._orders, perturbations_per_eval=len(words.spans)
        )
        return np.asarray(shares[0].numpy(), dtype=float)

    def _gradients(self, copy: TriageBert, words: Words, task: int) -> NDArray[np.float64]:
        ((window,),) = self._version.windows([words.row])
        ids = torch.from_numpy(window.input_ids)[None]
        special = torch.tensor([end <= start for start, end in window.offsets])
        baseline = torch.where(special, ids, torch.full_like(ids, _PADDING))
        vitals = torch.from_numpy(window.vitals)[None]
        with torch.no_grad():
            label = int(copy(ids, torch.ones_like(ids), vitals).diagnosis_logits.argmax())

        def score(input_ids: Tensor) -> Tensor:
            embedding = copy.embed(input_ids, torch.ones_like(input_ids))
            if task == 0:
                return (embedding @ copy.diagnosis_head.weight.T)[:, label]
            return (embedding @ copy.urgency_head.weight.T)[:, 0]

        method = LayerIntegratedGradients(score, copy.encoder.embeddings.word_embeddings)
        shares = method.attribute(ids, baselines=baseline, n_steps=_STEPS, internal_batch_size=_STEPS)
        return words.gathered(window, shares.sum(dim=-1)[0].detach().numpy().astype(float))


def _scores(answer: ModelAnswer) -> NDArray[np.float64]:
    """The logits of all labels, then the urgency score, which its attributions sum to."""
    urgency = answer.urgency_attribution.sum() + answer.vitals_attribution.sum()
    return np.append(answer.diagnosis_logits, urgency).astype(float)
