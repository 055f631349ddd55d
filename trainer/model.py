"""The multi-task model: one BERT encoder, masked mean pooling, two heads that are sums over their inputs.

Diagnosis: linear in the pooled tokens. Urgency: a cumulative-link (proportional odds) model, P(level <= k) =
sigmoid(score + cutpoint_k), whose score is linear in the pooled tokens plus the evidence of vital signs
(McCullagh, "Regression Models for Ordinal Data", JRSS B 42, 1980). Pooling is a mean, so each token's share of a
score is exact, not estimated: contributions sum to the score.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from transformers import BertModel

from trainer.data.rows import DIAGNOSIS_LABELS, URGENCY_LEVELS
from trainer.vitals import VitalsEvidence

__all__ = ["Answer", "TriageBert"]

_SMALLEST_PROBABILITY = 1e-5


class Answer(NamedTuple):
    """Outputs for b sequences of n tokens and v vitals.

    `diagnosis_logits` [b, d]; `urgency_logits` [b, 5] = log P(level 1..5); `diagnosis_attribution` [b, n]: shares
    of the winning logit, which is their sum plus that label's bias; `urgency_attribution` [b, n + v]: shares of
    the urgency score, tokens then vitals, positive = more urgent, summing to the score; `embedding` [b, h].
    """

    diagnosis_logits: Tensor
    urgency_logits: Tensor
    diagnosis_attribution: Tensor
    urgency_attribution: Tensor
    embedding: Tensor


class TriageBert(nn.Module):
    """`encoder` is any BertModel without pooler; its hidden size is the embedding's."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        hidden = encoder.config.hidden_size
        self.diagnosis_head = nn.Linear(hidden, len(DIAGNOSIS_LABELS))
        self.urgency_head = nn.Linear(hidden, 1, bias=False)
        self.vitals_evidence = VitalsEvidence()
        # Evenly spaced at first; the increments go through softplus, which keeps the cutpoints in order.
        self.first_cutpoint = nn.Parameter(torch.tensor(-3.0))
        self.raw_increments = nn.Parameter(torch.full((len(URGENCY_LEVELS) - 2,), 1.3))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, vitals: Tensor) -> Answer:
        tokens, share = self._tokens(input_ids, attention_mask)
        embedding = (tokens * share).sum(dim=1)
        diagnosis_logits, urgency_logits = self.decide(embedding, vitals)
        winner = diagnosis_logits.argmax(dim=1).view(-1, 1, 1).expand(-1, tokens.shape[1], -1)
        for_diagnosis = (tokens @ self.diagnosis_head.weight.T) * share
        for_urgency = (tokens @ self.urgency_head.weight.T) * share
        return Answer(
            diagnosis_logits=diagnosis_logits,
            urgency_logits=urgency_logits,
            diagnosis_attribution=for_diagnosis.gather(2, winner).squeeze(-1),
            urgency_attribution=torch.cat([for_urgency.squeeze(-1), self.vitals_evidence(vitals)], dim=1),
            embedding=embedding,
        )

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the masked means of the tokens [b, h]."""
        tokens, share = self._tokens(input_ids, attention_mask)
        return (tokens * share).sum(dim=1)

    def decide(self, embedding: Tensor, vitals: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of both heads, [b, d] and [b, 5]."""
        # Written as products: the quantizer rewrites a linear layer's node and would then not leave it in float.
        diagnosis_logits = embedding @ self.diagnosis_head.weight.T + self.diagnosis_head.bias
        score = embedding @ self.urgency_head.weight.T
        score = score + self.vitals_evidence(vitals).sum(dim=1, keepdim=True)
        return diagnosis_logits, self._level_log_probabilities(score)

    def _tokens(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens [b, n, h], and each token's share of the mean [b, n, 1]: 0 where masked."""
        tokens = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.to(tokens.dtype).unsqueeze(-1)
        return tokens, mask / mask.sum(dim=1, keepdim=True)

    @property
    def cutpoints(self) -> Tensor:
        """[4], ascending."""
        steps = softplus(self.raw_increments).cumsum(0)
        return self.first_cutpoint + torch.cat([steps.new_zeros(1), steps])

    def _level_log_probabilities(self, score: Tensor) -> Tensor:
        at_most = torch.sigmoid(score + self.cutpoints)
        ends = torch.ones_like(score)
        probabilities = torch.cat([at_most, ends], dim=1) - torch.cat([0.0 * ends, at_most], dim=1)
        # Added, not clamped at: a clamp would stop the gradient where the answer is most wrong.
        return (probabilities + _SMALLEST_PROBABILITY).log()
