"""The urgency head by an online Laplace posterior: what earlier rounds know of it is one Gaussian.

A round maximises the likelihood of its own levels plus the log of that Gaussian, then adds its own Fisher information.
For a model as small as this head (embedding weights, vital signs, cutpoints: under 450 numbers) the whole matrix is
kept, not a diagonal. Ritter et al., "Online Structured Laplace Approximations", NeurIPS 2018.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trainer.batches import VitalsDropout
from trainer.model import TriageBert

__all__ = ["LevelPosterior", "fit_levels", "posterior_of", "shortened"]

_WEIGHT_PRECISION = 3.0
_OTHER_PRECISION = 0.5
_DRAWS = 4
_STEPS = 60
_SHARES = (1.0, 0.75, 0.5, 0.25)


@dataclass(frozen=True, slots=True, eq=False)
class LevelPosterior:
    """`mean` [p] and `precision` [p, p] of the urgency head's parameters, in the order of `_parameters`."""

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]


def posterior_of(
    model: TriageBert,
    embedding: NDArray[np.float32],
    vitals: NDArray[np.float32],
    *,
    rows: float | None = None,
) -> LevelPosterior:
    """Return the posterior about the model's own head, as [k, h] and [k, v] of rows it has learned from inform it.

    `rows`: how many rows these stand for, where they are a sample.
    """
    precision = np.diag(_prior(model))
    if len(embedding):
        weight = 1.0 if rows is None else rows / len(embedding)
        precision = precision + weight * _fisher(model, embedding, vitals)
    return LevelPosterior(_vector(model), precision)


def fit_levels(
    model: TriageBert,
    embedding: NDArray[np.float32],
    vitals: NDArray[np.float32],
    levels: NDArray[np.int64],
    before: LevelPosterior,
    *,
    seed: int,
) -> LevelPosterior:
    """Fit the urgency head of `model` in place to rows [k], starting from and held by `before`; return what follows.

    `levels`: indices, 0 for the most urgent. Vital signs are hidden in several draws, as in training.
    """
    rng = np.random.default_rng(seed)
    drawn = [vitals, *(VitalsDropout().hide(vitals, rng) for _ in range(_DRAWS - 1))]
    features, truth = torch.from_numpy(embedding), torch.from_numpy(levels)
    mean = torch.from_numpy(before.mean).float()
    precision = torch.from_numpy(before.precision).float()
    parameters = _parameters(model)
    vector_to_parameters(mean.clone(), parameters)  # they become views of what they are set from
    optimizer = torch.optim.LBFGS(parameters, max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        logits = [model.decide(features, torch.from_numpy(hidden))[1] for hidden in drawn]
        likelihood = sum(nn.functional.nll_loss(one, truth, reduction="sum") for one in logits) / _DRAWS
        moved = parameters_to_vector(parameters) - mean
        total = likelihood + 0.5 * moved @ precision @ moved
        total.backward()  # type: ignore[no-untyped-call]
        return torch.as_tensor(total)

    step: Callable[[Callable[[], Tensor]], object] = optimizer.step
    step(loss)
    optimizer.zero_grad()
    informed = np.mean([_fisher(model, embedding, hidden) for hidden in drawn], axis=0)
    return LevelPosterior(_vector(model), before.precision + informed)


def shortened(
    model: TriageBert, before: LevelPosterior, after: LevelPosterior, harm: Callable[[], float]
) -> LevelPosterior:
    """Move the urgency head of `model` from `before` only so far towards `after` that `harm` does not grow.

    A Gaussian knows the past near to where it was taken; `harm` is what becomes of the past itself, by the head as
    it then stands.
    """
    parameters, move = _parameters(model), after.mean - before.mean

    def harm_at(share: float) -> float:
        vector_to_parameters(torch.from_numpy(before.mean + share * move).float(), parameters)
        return harm()

    limit = harm_at(0.0)
    share = next((share for share in _SHARES if harm_at(share) <= limit), 0.0)
    harm_at(share)
    return LevelPosterior(before.mean + share * move, after.precision)


def _parameters(model: TriageBert) -> list[Tensor]:
    evidence = model.vitals_evidence
    return [
        model.urgency_head.weight,
        evidence.raw_slope,
        evidence.raw_reassurance,
        model.first_cutpoint,
        model.raw_increments,
    ]


def _vector(model: TriageBert) -> NDArray[np.float64]:
    return parameters_to_vector(_parameters(model)).detach().double().numpy()


def _prior(model: TriageBert) -> NDArray[np.float64]:
    sizes = [parameter.numel() for parameter in _parameters(model)]
    return np.concatenate([np.full(sizes[0], _WEIGHT_PRECISION), np.full(sum(sizes[1:]), _OTHER_PRECISION)])


def _fisher(
    model: TriageBert, embedding: NDArray[np.float32], vitals: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Sum over rows of E[g g'] over the model's own levels, g the gradient of a level's log-probability."""
    names = dict(model.named_parameters())
    chosen = _parameters(model)
    keys = [next(name for name, value in names.items() if value is one) for one in chosen]
    values = {key: names[key].detach() for key in keys}

    def log_p(parts: dict[str, Tensor], one: Tensor, signs: Tensor) -> Tensor:
        answer = torch.func.functional_call(_Levels(model), _renamed(parts), (one[None], signs[None]))
        return torch.as_tensor(answer)[0]

    jacobian = torch.func.vmap(torch.func.jacrev(log_p), in_dims=(None, 0, 0))
    features, signs = torch.from_numpy(embedding), torch.from_numpy(vitals)
    parts = jacobian(values, features, signs)
    count = len(embedding)
    gradients = torch.cat([parts[key].reshape(count, -1, values[key].numel()) for key in keys], dim=2)
    with torch.no_grad():
        p = model.decide(features, signs)[1].exp()
    weighted = (gradients * p.sqrt().unsqueeze(2)).reshape(-1, gradients.shape[2]).double()
    return (weighted.T @ weighted).numpy()


class _Levels(nn.Module):
    """Log-probabilities of the levels [b, 5]."""

    def __init__(self, model: TriageBert) -> None:
        super().__init__()
        self.model = model

    def forward(self, embedding: Tensor, vitals: Tensor) -> Tensor:
        return self.model.decide(embedding, vitals)[1]


def _renamed(parts: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"model.{name}": value for name, value in parts.items()}
