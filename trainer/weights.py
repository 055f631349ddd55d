"""A run's float32 weights as a torch model."""

from safetensors.torch import load_file
from transformers import BertConfig, BertModel

from trainer.model import TriageBert
from trainer.runs import RunFolder

__all__ = ["trained_model"]


def trained_model(run: RunFolder) -> TriageBert:
    """Return the model in eval mode.

    Raises FileNotFoundError, SafetensorError, and RuntimeError where its method is still in the encoder, which is then
    no plain BERT.
    """
    config = BertConfig.from_json_file(str(run.encoder))
    model = TriageBert(BertModel(config, add_pooling_layer=False))  # type: ignore[no-untyped-call]
    model.load_state_dict(load_file(run.weights))
    return model.eval()
