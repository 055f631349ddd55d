"""One training run in memory, without a folder and without an export: what comparisons and searches repeat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

from streams.text import Windower
from trainer.cost import Cost, Meter
from trainer.data.rows import Row
from trainer.encoders import Pretrained, load_encoder
from trainer.finetune import make_deterministic
from trainer.model import TriageBert
from trainer.paraphrase.using import in_other_words
from trainer.runs import EpochRecord
from trainer.tuning.config import TrainConfig
from trainer.tuning.loop import Trained, train_epochs
from trainer.tuning.stages import before_epochs
from trainer.versions import windows_of

__all__ = ["Trial", "run_trial"]


@dataclass(frozen=True, slots=True)
class Trial:
    """The trained model with its windows. `cost`: of the training, loading the encoder included."""

    model: TriageBert
    windower: Windower
    trained: Trained
    cost: Cost


def run_trial(
    config: TrainConfig,
    rows: Sequence[Row],
    validation: Sequence[Row] = (),
    *,
    title: str,
    after_epoch: Callable[[EpochRecord, str], None] = lambda _record, _report: None,
) -> Trial:
    """Train on `rows` as `triage train` does; `after_epoch` may end it by an exception.

    Raises EncoderUnavailable, ConfigInvalid, BadData of paraphrases.
    """
    meter = Meter()
    rows, _ = in_other_words(rows, config)
    make_deterministic(config.seed, config.threads)
    pretrained = load_encoder(config.encoder, config.encoder_dropout)
    model, windower = TriageBert(pretrained.encoder), _windower(pretrained, config.max_length)
    before_epochs(model, rows, windower, config)
    trained = train_epochs(
        model, rows, windower, config, title=title, validation=validation, after_epoch=after_epoch
    )
    return Trial(model, windower, trained, meter.read(trained.device))


def _windower(pretrained: Pretrained, window_tokens: int) -> Windower:
    return windows_of(Tokenizer.from_str(pretrained.tokenizer), window_tokens)
