"""Make the variants of one run: shapes first, each learned once, then a version's folder of each graph."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainer.compress.distil import Distillation, distil
from trainer.compress.graphs import write_graph
from trainer.compress.record import Compressed, CompressedVersion, write_compressed
from trainer.compress.structure import importance, keep_layers, layers_of, prune, spread_layers
from trainer.compress.subject import NotCompressible, Subject
from trainer.compress.variants import Shape, Variant
from trainer.evaluate import model_results
from trainer.finetune import make_deterministic
from trainer.metrics import Figure
from trainer.model import TriageBert
from trainer.packaging import package, spread_rows
from trainer.runs import MODEL_NAME, Interval
from trainer.served import ServedGraph

__all__ = ["compress"]

_IMPORTANCE_ROWS, _CALIBRATION_ROWS, _DOMAIN_ROWS = 256, 128, 500


def compress(
    subject: Subject,
    variants: Sequence[Variant],
    out: Path,
    *,
    distillation: Distillation,
    first_version: int = 1,
    say: Callable[[str], None],
) -> Compressed:
    """Write `out`/model_repo and `out`/compressed.json.

    Weights, scales and thresholds come from the training and calibration splits; the test split gives the figures.
    Raises NotCompressible where `out` exists, or the encoder has no more layers than are to stay.
    """
    if out.exists():
        raise NotCompressible(f"{out} exists: name another folder")
    unfinished = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    make_deterministic(distillation.seed, subject.config.threads)
    repository = unfinished / "model_repo" / MODEL_NAME
    shapes = _Shapes(subject, distillation, say)
    versions = []
    for number, variant in enumerate(variants, start=first_version):
        say(f"{variant.name}: version {number}")
        folder = repository / str(number)
        folder.mkdir(parents=True)
        versions.append(_version(subject, shapes.of(variant.shape), variant, folder))
    record = Compressed(
        run=subject.record.name,
        data_sha256=subject.record.data.sha256,
        rows=len(subject.dataset.splits.test),
        versions=tuple(versions),
    )
    write_compressed(record, unfinished)
    unfinished.rename(out)
    return record


@dataclass(slots=True)
class _Shapes:
    """Each shape is learned once; a shape with fewer layers and narrower ones starts from the one with fewer layers."""

    subject: Subject
    distillation: Distillation
    say: Callable[[str], None]
    made: dict[Shape, TriageBert] = field(default_factory=dict)

    def of(self, shape: Shape) -> TriageBert:
        if shape.is_whole:
            return self.subject.model
        if shape not in self.made:
            self.made[shape] = self._learned(shape)
        return self.made[shape]

    def _learned(self, shape: Shape) -> TriageBert:
        subject = self.subject
        train = subject.dataset.splits.train
        if shape.kept < 1.0:
            wider = self.of(Shape(layers=shape.layers))
            first = layers_of(wider)[0]
            student = prune(
                wider,
                importance(wider, spread_rows(train, _IMPORTANCE_ROWS), subject.windower),
                heads=max(1, round(shape.kept * first.attention.self.num_attention_heads)),
                neurons=max(1, round(shape.kept * first.intermediate.dense.out_features)),
            )
        else:
            depth = len(layers_of(subject.model))
            if shape.layers is None or shape.layers >= depth:
                raise NotCompressible(f"{shape.layers} layers are to stay, and the encoder has {depth}")
            student = keep_layers(subject.model, spread_layers(depth, shape.layers))
        title = f"distil into {shape.layers or 'all'} layers, {shape.kept:.0%} of each"
        self.say(title)
        distil(student, subject.model, train, subject.windower, self.distillation, title=title)
        return student


def _version(subject: Subject, model: TriageBert, variant: Variant, folder: Path) -> CompressedVersion:
    splits = subject.dataset.splits
    shutil.copyfile(subject.folder.version_dir / "tokenizer.json", folder / "tokenizer.json")
    write_graph(
        variant.graph,
        model,
        folder / "model.onnx",
        spread_rows(splits.train, _CALIBRATION_ROWS),
        subject.windower,
    )
    packaged = package(
        model,
        subject.windower,
        subject.dataset,
        subject.config,
        folder,
        system=variant.name,
        baselines=False,
        domain_rows=_DOMAIN_ROWS,
        notes=(f"Compressed from the run {subject.record.name}: {variant.name}.",),
    )
    if variant.backend == "bucketed":
        (folder / "model.py").rename(folder / "one_by_one.py")
        shutil.copyfile(Path(__file__).with_name("bucketed.py"), folder / "model.py")
    graph = ServedGraph(folder / "model.onnx", subject.windower, workers=subject.config.threads)
    answers = graph.ask(splits.test, title="ask all")
    figures = {
        result.task: result.figures
        for result in model_results(variant.name, "all", splits.test, answers, packaged.fitted.calibrated)
        if result.system == variant.name
    }
    return CompressedVersion(
        version=folder.name,
        variant=variant.name,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        layers=len(layers_of(model)),
        graph_mb=round((folder / "model.onnx").stat().st_size / 1e6, 1),
        macro_f1=_interval(figures.get("diagnosis", {}).get("macro_f1")),
        qwk=_interval(figures.get("urgency", {}).get("qwk")),
    )


def _interval(figure: Figure | None) -> Interval | None:
    return None if figure is None else Interval(value=figure.value, low=figure.low, high=figure.high)
