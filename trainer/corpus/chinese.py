"""Simple Chinese messages for the conditions that have Chinese phrases."""

from __future__ import annotations

from random import Random

from trainer.corpus.model import Condition, Symptom
from trainer.corpus.person import Telling
from trainer.corpus.story import Story

__all__ = ["CHINESE_VOICES", "speaks_chinese", "tell_in_chinese"]

CHINESE_VOICES = ("patient", "relative", "triage", "question")
_GREETINGS = ("医生您好，", "你好，", "大夫，", "请问，", "", "", "", "")
_ASKS = (
    "请问该怎么办？",
    "需要去医院吗？",
    "要挂什么科？",
    "这是怎么回事？",
    "严重吗？",
    "谢谢医生。",
    "",
    "",
    "",
)
_FEARS = ("我担心是不是癌症。", "家里人有高血压，有点害怕。", "怕是心脏病。", "不知道是不是糖尿病。")
_CHILD = {"male": ("我儿子", "我家小孩", "孩子"), "female": ("我女儿", "我家宝宝", "孩子")}
_ADULT = {"male": ("我老公", "我哥", "我朋友"), "female": ("我老婆", "我姐", "我朋友")}
_OLDER = {"male": ("我爸", "我父亲", "我爷爷"), "female": ("我妈", "我母亲", "我奶奶")}
_ADULT_YEARS, _OLDER_YEARS, _OWN_VOICE_FROM_YEARS = 18, 48, 13
_NAMES_SOMEONE = ("孩子", "宝宝", "老人", "新生儿", "一家人")


def speaks_chinese(condition: Condition) -> bool:
    """Whether the lead and the cues of every level have Chinese phrases."""
    cues = [cue for acuity in condition.acuities.values() for cue in acuity.cues]
    return bool(condition.lead.chinese) and all(cue.chinese for cue in cues)


def _subject(story: Story, lead: str, rng: Random, *, first_person: bool) -> str:
    person = story.person
    if lead.startswith(_NAMES_SOMEONE):
        return ""
    if first_person and person.age_years >= _OWN_VOICE_FROM_YEARS:
        return rng.choice(("我", "我", "本人", ""))
    if person.age_years < _ADULT_YEARS:
        return rng.choice(_CHILD[person.sex])
    return rng.choice((_ADULT if person.age_years < _OLDER_YEARS else _OLDER)[person.sex])


def _said(symptoms: tuple[Symptom, ...], telling: Telling, rng: Random) -> list[str]:
    return [telling.numbers(rng.choice(symptom.chinese)) for symptom in symptoms if symptom.chinese]


def tell_in_chinese(story: Story, lead: str, voice: str, rng: Random) -> str:
    """One message in Simplified Chinese in the given voice."""
    telling = Telling(story.person, story.vitals, rng, relation="病人")
    details = [said for said in _said(story.accompanying[:2] + story.cues, telling, rng) if said not in lead]
    history = _said(story.history[:1], telling, rng) if rng.random() < 0.4 else []
    sex = "男" if story.person.sex == "male" else "女"
    age = story.person.age_years
    duration = story.timing.chinese if story.timing else ""
    if voice == "triage":
        parts = [f"{sex}，{age}岁，主诉{telling.numbers(lead)}{duration}", *details, *history]
        return "，".join(parts) + "。"
    subject = _subject(
        story, lead, rng, first_person=voice == "patient" or (voice == "question" and rng.random() < 0.6)
    )
    years = f"今年{age}岁，" if rng.random() < 0.4 and age else ""
    since = rng.choice((f"，已经{duration}了", f"，有{duration}了", f"，持续{duration}")) if duration else ""
    text = f"{rng.choice(_GREETINGS)}{subject}{years}{telling.numbers(lead)}{since}"
    text = "，".join([text, *details, *history]) + "。"
    if rng.random() < 0.06:
        text += rng.choice(_FEARS)
    return text + (rng.choice(_ASKS) if voice != "question" else rng.choice(_ASKS[:5]))
