"""What a training run can be told. A configuration is complete: the same one trains the same weights.

Bounds are part of the types, so a mistake is found before anything is loaded. Defaults are the recipe of the shipped
model; the presets beside this file are other recipes.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "AdaLora",
    "Adapter",
    "Augmentation",
    "Contrastive",
    "EarlyStopping",
    "Frozen",
    "Full",
    "GradualUnfreezing",
    "HeadsFirst",
    "Lora",
    "Losses",
    "Method",
    "Optimizer",
    "Paraphrases",
    "Prefix",
    "TopLayers",
    "TrainConfig",
]

_Share = Annotated[float, Field(ge=0, le=1)]
_Positive = Annotated[float, Field(gt=0)]
_Count = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Full(_Part):
    """Every layer of the encoder. Word embeddings only where asked for: few messages would only blur them."""

    kind: Literal["full"] = "full"
    embeddings: bool = False


class Frozen(_Part):
    """No layer: the heads learn on the encoder as it is."""

    kind: Literal["frozen"] = "frozen"


class TopLayers(_Part):
    """The last `layers` layers of the encoder."""

    kind: Literal["top_layers"] = "top_layers"
    layers: _Count = 2


class GradualUnfreezing(_Part):
    """Heads and the last layers first, `layers_per_epoch` more each epoch (Howard and Ruder, ACL 2018)."""

    kind: Literal["gradual_unfreezing"] = "gradual_unfreezing"
    layers_per_epoch: _Count = 2


class Lora(_Part):
    """Low-rank updates of the attention's query and value (Hu et al., ICLR 2022)."""

    kind: Literal["lora"] = "lora"
    rank: _Count = 8
    alpha: _Positive = 16.0
    dropout: _Share = 0.05


class AdaLora(_Part):
    """LoRA that moves its budget of ranks to the matrices that need it (Zhang et al., ICLR 2023)."""

    kind: Literal["adalora"] = "adalora"
    initial_rank: _Count = 12
    rank: Annotated[int, Field(ge=1, description="Mean rank at the end.")] = 8
    alpha: _Positive = 16.0
    dropout: _Share = 0.05
    orthogonality: Annotated[float, Field(ge=0, description="Weight of the regulariser of P and Q.")] = 0.1

    @model_validator(mode="after")
    def _shrinks(self) -> "AdaLora":
        if self.rank > self.initial_rank:
            raise ValueError("rank is larger than initial_rank")
        return self


class Prefix(_Part):
    """Trained keys and values before those of the text, in every layer (Li and Liang, ACL 2021)."""

    kind: Literal["prefix"] = "prefix"
    tokens: _Count = 16


class Adapter(_Part):
    """A bottleneck of `width` after each layer's feed-forward part (Pfeiffer et al., EACL 2021)."""

    kind: Literal["adapter"] = "adapter"
    width: _Count = 48


Method = Annotated[
    Full | Frozen | TopLayers | GradualUnfreezing | Lora | AdaLora | Prefix | Adapter,
    Field(discriminator="kind"),
]


class Optimizer(_Part):
    """Learning rates are peaks: a linear warm-up leads to them and `schedule` away from them."""

    kind: Literal["adamw", "adafactor", "sgd"] = "adamw"
    encoder_rate: _Positive = 2e-4
    head_rate: _Positive = 1e-3
    vitals_rate: Annotated[float, Field(gt=0, description="Of vital signs and cutpoints.")] = 5e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    schedule: Literal["linear", "cosine"] = "linear"
    warmup_share: _Share = 0.06
    gradient_norm: Annotated[float, Field(gt=0, description="Gradients are clipped to it.")] = 1.0


class Losses(_Part):
    """Diagnosis: cross-entropy. Urgency: the likelihood of the cumulative-link model, which is ordinal by itself."""

    diagnosis_weight: Annotated[float, Field(ge=0)] = 1.0
    urgency_weight: Annotated[float, Field(ge=0)] = 1.0
    diagnosis_classes: Literal["equal", "inverse_sqrt", "inverse"] = Field(
        default="inverse_sqrt", description="How much a class counts, by its frequency."
    )
    urgency_classes: Literal["equal", "inverse_sqrt", "inverse"] = Field(
        default="equal", description="Weights distort P(level), on which the plausible level rests."
    )
    focal_gamma: Annotated[
        float, Field(ge=0, description="Focal loss (Lin et al., ICCV 2017); 0 is none.")
    ] = 0.0
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    r_drop: Annotated[
        float, Field(ge=0, description="Weight of the gap between two dropouts (Liang et al., NeurIPS 2021).")
    ] = 0.0
    adversarial: Annotated[
        float,
        Field(ge=0, description="How far embedded texts are moved (see adversary.py); 0 is not at all."),
    ] = 0.0


class Contrastive(_Part):
    """A stage before all others: see trainer.contrastive."""

    epochs: _Count = 2
    rate: _Positive = 5e-5
    temperature: _Positive = 0.1
    batch_size: Annotated[int, Field(ge=2)] = 32


class HeadsFirst(_Part):
    """Linear probing before fine-tuning: see trainer.probe."""

    epochs: _Count = 30
    rate: _Positive = 1e-2


class Paraphrases(_Part):
    """Texts in other words, made ahead of training: see trainer.paraphrase."""

    file: Annotated[str, Field(min_length=1, description="As `triage data paraphrase` writes it.")]
    share: Annotated[float, Field(ge=0, le=1, description="That a text gives way to one of its own.")] = 0.5


class Augmentation(_Part):
    """Chances, anew in each epoch. Vital signs are hidden so that absence itself is no signal."""

    vitals_hidden: _Share = 0.25
    vital_hidden: Annotated[float, Field(ge=0, le=1, description="Each field, where not all are.")] = 0.15
    typos: Annotated[float, Field(ge=0, le=1, description="That a text is mistyped.")] = 0.0
    synonyms: Annotated[float, Field(ge=0, le=1, description="That a term becomes a synonym.")] = 0.0
    asides: Annotated[
        float,
        Field(ge=0, le=1, description="That a greeting, a name or an idle sentence stands around a text."),
    ] = 0.0
    paraphrases: Paraphrases | None = None


class EarlyStopping(_Part):
    """Ends when the validation figure has not grown for `patience` epochs; the best epoch's weights are kept."""

    figure: Literal["macro_f1", "qwk", "mean"] = "mean"
    patience: _Count = 1


class TrainConfig(_Part):
    """One run."""

    name: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = Field(
        default=None, description="Of the run's folder; otherwise method, date and time."
    )
    data: str | None = Field(
        default=None, description="A dataset's folder, a .csv or a .jsonl file; otherwise the written corpus."
    )
    corpus_messages: Annotated[int, Field(ge=100, description="Where `data` is not given.")] = 8000
    encoder: str = Field(
        default="packaged",
        min_length=1,
        description="`packaged` (all-MiniLM-L6-v2), a folder, or the name of a BERT on the hub.",
    )
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"
    max_length: Annotated[int, Field(ge=16, le=512, description="Tokens of a window.")] = 128
    encoder_dropout: Annotated[
        float | None,
        Field(ge=0, lt=1, description="Of hidden states and attention; null: the encoder's own."),
    ] = None
    method: Method = Full()
    epochs: _Count = 2
    batch_size: Annotated[int, Field(ge=1, description="On each device.")] = 16
    accumulation: Annotated[int, Field(ge=1, description="Batches a step.")] = 1
    precision: Literal["float32", "bf16"] = "float32"
    optimizer: Optimizer = Optimizer()
    losses: Losses = Losses()
    contrastive: Contrastive | None = None
    heads_first: HeadsFirst | None = HeadsFirst()
    augmentation: Augmentation = Augmentation()
    early_stopping: EarlyStopping | None = None
    tracking: Literal["none", "mlflow"] = Field(
        default="none", description="Where the finished run is reported, too (see trainer.tracking)."
    )
    seed: Annotated[int, Field(ge=0)] = 3
    threads: Annotated[int, Field(ge=1, description="Other numbers train other weights.")] = 2

    def recipe(self) -> dict[str, object]:
        """Return the settings without where files lie: what may be shown to others."""
        return self.model_dump(mode="json", exclude={"data": True, "augmentation": {"paraphrases": {"file"}}})
