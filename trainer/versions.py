"""From a trained model to a version's folder that Triton can serve and a worker can interpret."""

import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from streams.domain.profile import ModelProfile, Thresholds
from streams.text import VITALS_FIELDS, Windower
from trainer import bundle, calibrate, card
from trainer.code import code_version
from trainer.data.rows import DIAGNOSIS_LABELS
from trainer.data.splits import Splits
from trainer.evaluate import Result
from trainer.fit import Fitted
from trainer.model import TriageBert
from trainer.provenance import DataUse
from trainer.served import ServedGraph
from trainer.server_code import SERVER_CODE

__all__ = ["copy_server_files", "counted", "windower_of", "windows_of", "write_card", "write_profile"]

OVERLAP_TOKENS = 32


def windower_of(version_dir: Path, window_tokens: int) -> Windower:
    """Return the windows of the `tokenizer.json` in `version_dir`; they overlap by a quarter at most."""
    return windows_of(Tokenizer.from_file(str(version_dir / "tokenizer.json")), window_tokens)


def windows_of(tokenizer: Tokenizer, window_tokens: int) -> Windower:
    """Return windows of at most `window_tokens`."""
    return Windower(
        tokenizer, window_tokens=window_tokens, overlap_tokens=min(OVERLAP_TOKENS, window_tokens // 4)
    )


def copy_server_files(version_dir: Path, hidden: int) -> None:
    """Put Triton's configuration and the backend's code beside the weights; `hidden` is the embedding's size."""
    shutil.copyfile(SERVER_CODE, version_dir / "model.py")
    text = (SERVER_CODE.parents[1] / "config.pbtxt").read_text(encoding="utf-8")
    text = re.sub(r'("embedding".*dims: \[) \d+ (\])', rf"\1 {hidden} \2", text)
    (version_dir.parent / "config.pbtxt").write_text(text, encoding="utf-8")


def write_profile(
    graph: ServedGraph,
    splits: Splits,
    fitted: Fitted,
    version_dir: Path,
    *,
    name: str,
    version: str,
    language: str,
    window_tokens: int,
) -> ModelProfile:
    """Fit the domain statistics, and write `bundle.json` and `domain.npz`."""
    statistics = calibrate.domain_statistics(splits.train, graph.ask(splits.train, title="domain").embedding)
    held_out = graph.ask(splits.calibration, title="domain").embedding
    profile = ModelProfile(
        name=name,
        version=version,
        labels=DIAGNOSIS_LABELS,
        languages=(language,),
        window_tokens=window_tokens,
        window_overlap_tokens=min(OVERLAP_TOKENS, window_tokens // 4),
        vitals_fields=VITALS_FIELDS,
        diagnosis_temperature=fitted.calibrated.diagnosis_temperature,
        urgency_temperature=fitted.calibrated.urgency_temperature,
        thresholds=Thresholds(
            diagnosis_abstain_below=fitted.diagnosis_abstain_below,
            urgency_plausible_from=fitted.calibrated.urgency_plausible_from,
            out_of_domain_above=calibrate.out_of_domain_above(statistics, held_out),
        ),
    )
    bundle.write_domain(statistics, version_dir)
    bundle.write_profile(profile, version_dir)
    return profile


def write_card(
    model: TriageBert,
    profile: ModelProfile,
    fitted: Fitted,
    results: Sequence[Result],
    rows: Mapping[str, Mapping[str, int]],
    data: Sequence[DataUse],
    recipe: Mapping[str, Any],
    version_dir: Path,
    *,
    encoder: str,
    data_sha256: str,
    notes: Sequence[str] = (),
    graph: str = "int8",
) -> None:
    """Write down what was made, from what, how well it answers, and what it cannot do.

    `data_sha256`: see `trainer.data.manifest.content_sha256`.
    """
    card.write(
        card.ModelCard(
            name=profile.name,
            version=profile.version,
            encoder=encoder,
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            recipe=recipe,
            rows=rows,
            data=data,
            diagnosis_bias=dict(zip(DIAGNOSIS_LABELS, model.diagnosis_head.bias.tolist(), strict=True)),
            urgency_cutpoints=model.cutpoints.tolist(),
            calibration={
                "diagnosis_temperature": profile.diagnosis_temperature,
                "urgency_temperature": profile.urgency_temperature,
                **profile.thresholds.model_dump(),
            },
            trade_off=fitted.trade_off,
            results=results,
            files_sha256=bundle.sha256_of(version_dir),
            notes=notes,
            graph=graph,
            data_sha256=data_sha256,
            code=code_version().model_dump(),
        ),
        version_dir,
    )


def counted(splits: Splits) -> dict[str, dict[str, int]]:
    """Rows by split and source."""
    parts = {"train": splits.train, "calibration": splits.calibration, "test": splits.test}
    return {name: dict(Counter(row.source for row in part)) for name, part in parts.items()}
