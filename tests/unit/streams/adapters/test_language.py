"""Languages: scripts are certain, short Latin text is left unnamed."""

import pytest

from streams.adapters.language import ScriptLanguageIdentifier

IDENTIFIER = ScriptLanguageIdentifier()

NAMED = [
    ("胸痛两天", "zh"),
    ("CT示肺炎, 胸痛", "zh"),
    ("胸が痛いです", "ja"),
    ("가슴이 아파요", "ko"),
    ("ألم شديد في الصدر", "ar"),
    ("درد قفسه سینه پیدا کردم", "fa"),
    ("כאב בחזה", "he"),
    ("Сильная боль в груди", "ru"),
    ("Біль у грудях і температура", "uk"),
    ("सीने में दर्द", "hi"),
    ("เจ็บหน้าอก", "th"),
    ("I have had a bad cough since Monday", "en"),
    ("Me duele mucho el pecho desde esta mañana", "es"),
    ("No puedo mover el brazo izquierdo y hablo mal", "es"),
    ("J'ai très mal à la poitrine depuis ce matin", "fr"),
    ("Ma mère ne peut plus parler et son bras est faible", "fr"),
    ("Ich habe starke Schmerzen in der Brust", "de"),
    ("Ich bekomme keine Luft", "de"),
    ("Ho un forte dolore al petto da questa mattina", "it"),
    ("Ho mal di pancia da due giorni", "it"),
    ("Estou com muita dor no peito desde manhã", "pt"),
    ("Meu filho está com febre e vomitando desde ontem", "pt"),
    ("Tôi bị đau ngực dữ dội từ sáng nay", "vi"),
    ("đau đầu", "vi"),
]

UNNAMED = [
    "abd pain, Lt flank",
    "dizziness",
    "post seizure",
    "CP",
    "Femur Lesion",
    "ant. chest pain",
    "😀 12/80",
    "",
    "??",
]


@pytest.mark.parametrize(("text", "language"), NAMED)
def test_names_the_language(text: str, language: str) -> None:
    assert IDENTIFIER.identify(text) == language


@pytest.mark.parametrize("text", UNNAMED)
def test_leaves_telegrams_unnamed(text: str) -> None:
    assert IDENTIFIER.identify(text) is None
