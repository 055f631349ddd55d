"""The committed model is what its card says, and answers within its contract."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from schemas import Sex, VitalSigns
from streams.adapters.model_bundle import ModelBundle, load_bundle
from streams.text import VITALS_FIELDS, vitals_vector
from streams.wiring import POLICY
from trainer.card import read, render

VERSION_DIR = Path(__file__).parents[2] / "model_repo" / "triage_bert" / "1"
LABELS = ("normal", "hypertension", "diabetes", "heart_disease", "cancer")
TEXTS = (
    "crushing pain in the middle of my chest going down my left arm, I am sweating",
    "I need a new prescription for my skin cream, no hurry",
    "always thirsty, passing a lot of urine and my sugar reads 400",
    "a hard lump in my breast and bleeding from the nipple, losing weight",
    "x",
    "dyspnea",
)
ALARMING = VitalSigns(
    heart_rate_bpm=135.0, systolic_bp_mmhg=82.0, spo2_percent=86.0, respiratory_rate_bpm=32.0
)
CALM = VitalSigns(heart_rate_bpm=72.0, systolic_bp_mmhg=122.0, spo2_percent=98.0, respiratory_rate_bpm=15.0)

Answer = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return load_bundle(VERSION_DIR)


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    record: dict[str, Any] = json.loads((VERSION_DIR / "model_card.json").read_text(encoding="utf-8"))
    return record


@pytest.fixture(scope="module")
def session() -> ort.InferenceSession:
    return ort.InferenceSession(str(VERSION_DIR / "model.onnx"), providers=["CPUExecutionProvider"])


def ask(
    bundle: ModelBundle, session: ort.InferenceSession, text: str, vitals: VitalSigns | None = None
) -> Answer:
    vector = vitals_vector(vitals, age_years=55.0, sex=Sex.FEMALE, pregnant=None)
    ids = bundle.windower.encode([text], [vector])[0][0].input_ids
    feed = {"input_ids": ids[None], "attention_mask": np.ones_like(ids)[None], "vitals": vector[None]}
    names = [output.name for output in session.get_outputs()]
    return {name: value[0] for name, value in zip(names, session.run(names, feed), strict=True)}


def level_probabilities(bundle: ModelBundle, answer: Answer) -> NDArray[np.float64]:
    exponent = np.exp(answer["urgency_logits"].astype(np.float64) / bundle.profile.urgency_temperature)
    return np.asarray(exponent / exponent.sum())


def test_the_files_are_those_that_the_card_names(card: dict[str, Any]) -> None:
    names = {"model.onnx", "bundle.json", "tokenizer.json", "domain.npz"}
    assert set(card["files_sha256"]) == names
    for name in names:
        assert hashlib.sha256((VERSION_DIR / name).read_bytes()).hexdigest() == card["files_sha256"][name], (
            name
        )


def test_the_card_for_people_is_that_of_the_record() -> None:
    assert (VERSION_DIR / "MODEL_CARD.md").read_text(encoding="utf-8") == render(read(VERSION_DIR))


def test_the_profile_names_labels_vitals_and_version_of_its_folder(bundle: ModelBundle) -> None:
    profile = bundle.profile
    assert (profile.name, profile.version, profile.labels) == ("triage_bert", VERSION_DIR.name, LABELS)
    assert profile.vitals_fields == VITALS_FIELDS


def test_the_graph_has_the_inputs_and_outputs_of_the_contract(session: ort.InferenceSession) -> None:
    assert {entry.name: entry.type for entry in session.get_inputs()} == {
        "input_ids": "tensor(int64)",
        "attention_mask": "tensor(int64)",
        "vitals": "tensor(float)",
    }
    assert {entry.name for entry in session.get_outputs()} == {
        "diagnosis_logits",
        "urgency_logits",
        "diagnosis_attribution",
        "urgency_attribution",
        "embedding",
    }


def test_no_weight_is_so_large_that_a_processor_without_vnni_answers_otherwise() -> None:
    graph = onnx.load(str(VERSION_DIR / "model.onnx")).graph
    weights = [
        one for one in graph.initializer if one.data_type == onnx.TensorProto.INT8 and len(one.dims) > 1
    ]
    assert len(weights) >= 36  # six matrices in each layer
    assert max(int(np.abs(onnx.numpy_helper.to_array(one).astype(int)).max()) for one in weights) <= 64


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("vitals", [None, CALM, ALARMING], ids=["unknown", "calm", "alarming"])
def test_every_answer_is_finite_and_its_contributions_add_up(
    bundle: ModelBundle,
    session: ort.InferenceSession,
    card: dict[str, Any],
    text: str,
    vitals: VitalSigns | None,
) -> None:
    answer = ask(bundle, session, text, vitals)
    assert all(np.isfinite(value).all() for value in answer.values())
    label = LABELS[int(answer["diagnosis_logits"].argmax())]
    summed = answer["diagnosis_attribution"].sum() + card["diagnosis_bias"][label]
    assert summed == pytest.approx(answer["diagnosis_logits"].max(), abs=1e-3)
    score = answer["urgency_attribution"].sum()
    at_most = np.exp(answer["urgency_logits"].astype(np.float64)).cumsum()[:4]
    assert at_most == pytest.approx(
        1 / (1 + np.exp(-(score + np.array(card["urgency_cutpoints"])))), abs=1e-3
    )


def test_answers_differ_between_texts(bundle: ModelBundle, session: ort.InferenceSession) -> None:
    answers = [ask(bundle, session, text) for text in TEXTS]
    assert len({int(answer["diagnosis_logits"].argmax()) for answer in answers}) >= 3
    assert len({round(float(answer["urgency_logits"][0]), 2) for answer in answers}) >= 4


@pytest.mark.parametrize("text", TEXTS)
def test_alarming_vitals_raise_urgency_and_hiding_calm_ones_never_lowers_it(
    bundle: ModelBundle, session: ort.InferenceSession, text: str
) -> None:
    urgent = {
        name: level_probabilities(bundle, ask(bundle, session, text, vitals))[:2].sum()
        for name, vitals in (("alarming", ALARMING), ("calm", CALM), ("unknown", None))
    }
    assert urgent["alarming"] > urgent["unknown"] >= urgent["calm"] - 1e-6


def test_an_emergency_is_more_urgent_than_a_prescription(
    bundle: ModelBundle, session: ort.InferenceSession
) -> None:
    emergency, prescription = (level_probabilities(bundle, ask(bundle, session, text)) for text in TEXTS[:2])
    assert emergency[:2].sum() > prescription[:2].sum() + 0.2


def test_foreign_text_lies_further_from_the_training_data_than_a_complaint(
    bundle: ModelBundle, session: ort.InferenceSession
) -> None:
    foreign = "SELECT name FROM invoices WHERE total > 100 ORDER BY created_at DESC LIMIT 10;"
    distances = [
        bundle.domain.distance(ask(bundle, session, text)["embedding"]) for text in (TEXTS[0], foreign)
    ]
    assert distances[0] < bundle.profile.thresholds.out_of_domain_above
    assert distances[1] > distances[0]


def test_admission_and_model_agree_on_the_languages(bundle: ModelBundle) -> None:
    assert POLICY.languages == set(bundle.profile.languages)
