"""What each method trains. A method is applied to a model once; the loop calls its hooks.

LoRA and AdaLoRA are merged into the weights at the end and leave nothing behind. Prefixes and adapters cannot be
merged: they stay in the encoder, and are exported with it. What takes the encoder's place is called as it was; the
casts say no more than that.
"""

from typing import Any, cast

import torch
from peft import AdaLoraConfig, LoraConfig, PrefixTuningConfig, get_peft_model
from torch import Tensor, nn
from transformers import BertModel
from transformers.modeling_outputs import BaseModelOutput

from trainer.model import TriageBert
from trainer.tuning import config
from trainer.tuning.adapters import insert_adapters
from trainer.tuning.reading import ConfigInvalid

__all__ = ["Applied", "PrefixedEncoder", "apply", "mergeable"]

_ATTENTION = ["query", "value"]
_ADALORA_WARMUP_SHARE, _ADALORA_SETTLED_SHARE = 0.1, 0.3


class Applied:
    """A method on a model: the base does nothing between steps. `model` is changed in place."""

    def __init__(self, model: TriageBert) -> None:
        self.model = model

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Those of the encoder that are trained sooner or later."""
        return [parameter for parameter in self.model.encoder.parameters() if parameter.requires_grad]

    def start_epoch(self, epoch: int) -> None:
        """Called before epoch `epoch`, counted from 0."""

    def penalty(self) -> Tensor | None:
        """What is added to the loss of each batch, if anything."""
        return None

    def after_step(self, step: int) -> None:
        """Called after optimizer step `step`, counted from 0, while the gradients are still there."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint must hold beside the weights."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""

    def merge(self) -> None:
        """Fold the method into the encoder's weights where that is possible."""


def apply(method: config.Method, model: TriageBert, *, steps: int) -> Applied:
    """Freeze what `method` doesn't train and add what it adds; heads are always trained.

    `steps` is how many optimizer steps training will have. Raises ConfigInvalid where the encoder is too shallow.
    """
    encoder = model.encoder
    match method:
        case config.Full():
            encoder.requires_grad_(True)
            encoder.embeddings.requires_grad_(method.embeddings)
            return Applied(model)
        case config.Frozen():
            encoder.requires_grad_(False)
            return Applied(model)
        case config.TopLayers():
            _thaw_top(encoder, _checked(method.layers, encoder))
            return Applied(model)
        case config.GradualUnfreezing():
            return _Gradual(model, method.layers_per_epoch)
        case config.Lora():
            lora = LoraConfig(
                task_type="FEATURE_EXTRACTION",
                r=method.rank,
                lora_alpha=method.alpha,  # type: ignore[arg-type] # any number will do
                lora_dropout=method.dropout,
                target_modules=_ATTENTION,
            )
            model.encoder = cast(BertModel, get_peft_model(encoder, lora))
            return _Mergeable(model)
        case config.AdaLora():
            return _AdaLora(model, method, steps)
        case config.Prefix():
            model.encoder = cast(BertModel, PrefixedEncoder(encoder, method.tokens))
            return Applied(model)
        case config.Adapter():
            encoder.requires_grad_(False)
            insert_adapters(encoder, method.width)
            return Applied(model)


def mergeable(method: config.Method) -> bool:
    """Whether a plain BERT remains at the end."""
    return not isinstance(method, config.Prefix | config.Adapter)


def _checked(layers: int, encoder: BertModel) -> int:
    depth = len(encoder.encoder.layer)
    if layers > depth:
        raise ConfigInvalid(f"method.layers: the encoder has {depth} layers, not {layers}")
    return layers


def _thaw_top(encoder: BertModel, layers: int) -> None:
    encoder.requires_grad_(False)
    for layer in list(encoder.encoder.layer)[-layers:]:
        layer.requires_grad_(True)


class _Gradual(Applied):
    def __init__(self, model: TriageBert, layers_per_epoch: int) -> None:
        super().__init__(model)
        self._layers_per_epoch = layers_per_epoch
        self.start_epoch(0)

    def encoder_parameters(self) -> list[nn.Parameter]:
        return list(self.model.encoder.encoder.parameters())

    def start_epoch(self, epoch: int) -> None:
        _thaw_top(self.model.encoder, self._layers_per_epoch * (epoch + 1))


class _Mergeable(Applied):
    def merge(self) -> None:
        encoder: Any = self.model.encoder
        self.model.encoder = encoder.merge_and_unload()


class _AdaLora(_Mergeable):
    def __init__(self, model: TriageBert, method: config.AdaLora, steps: int) -> None:
        adalora = AdaLoraConfig(
            task_type="FEATURE_EXTRACTION",
            init_r=method.initial_rank,
            target_r=method.rank,
            lora_alpha=method.alpha,  # type: ignore[arg-type] # any number will do
            lora_dropout=method.dropout,
            target_modules=_ATTENTION,
            total_step=steps,
            tinit=int(_ADALORA_WARMUP_SHARE * steps),
            tfinal=int(_ADALORA_SETTLED_SHARE * steps),
        )
        model.encoder = cast(BertModel, get_peft_model(model.encoder, adalora))
        super().__init__(model)
        self._orthogonality = method.orthogonality

    @property
    def _tuner(self) -> Any:
        return self.model.encoder.base_model

    def penalty(self) -> Tensor:
        """Mean distance of P'P and QQ' from the identity: peft adds it only to losses that the encoder computes."""
        distances = []
        for name, weight in self.model.encoder.named_parameters():
            if "lora_A" in name or "lora_B" in name:
                square = weight @ weight.T if "lora_A" in name else weight.T @ weight
                distances.append((square - torch.eye(len(square), device=square.device)).norm())
        return self._orthogonality * torch.stack(distances).mean()

    def after_step(self, step: int) -> None:
        self._tuner.update_and_allocate(step)

    def state(self) -> dict[str, Any]:
        ranks = self._tuner.rankallocator
        averages = {name: getattr(ranks, name) for name in ("ipt", "exp_avg_ipt", "exp_avg_unc")}
        return {**averages, "rank_pattern": self._tuner.peft_config["default"].rank_pattern}

    def restore(self, state: dict[str, Any]) -> None:
        for name in ("ipt", "exp_avg_ipt", "exp_avg_unc"):
            setattr(self._tuner.rankallocator, name, state[name])
        self._tuner.peft_config["default"].rank_pattern = state["rank_pattern"]


class PrefixedEncoder(nn.Module):
    """A frozen encoder whose every layer also attends to `tokens` trained keys and values.

    peft trains the prefix; its own forward would number the text's positions from `tokens` on, away from what the
    encoder learned, so the encoder is called here, with positions from 0.
    """

    def __init__(self, encoder: BertModel, tokens: int) -> None:
        super().__init__()
        prefix = PrefixTuningConfig(task_type="FEATURE_EXTRACTION", num_virtual_tokens=tokens)
        self.prefixed = get_peft_model(encoder, prefix)
        self.tokens = tokens

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> BaseModelOutput:
        ahead = attention_mask.new_ones(attention_mask.shape[0], self.tokens)
        positions = torch.arange(input_ids.shape[1], device=input_ids.device).unsqueeze(0)
        answer = self.prefixed.base_model(
            input_ids=input_ids,
            attention_mask=torch.cat([ahead, attention_mask], dim=1),
            position_ids=positions,
            past_key_values=self.prefixed.get_prompt(batch_size=input_ids.shape[0]),
        )
        return cast(BaseModelOutput, answer)
