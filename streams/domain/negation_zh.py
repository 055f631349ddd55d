"""The Chinese half of `negation`: no spaces, so the trigger must stand before the phrase over known characters only."""

import re

__all__ = ["status_name"]

_ITEM = r"[^，,。！!？?；;、：:但却而]{1,8}"
_LIST = rf"(?:{_ITEM}(?:、|及|和|或|与|以及))*"
_HARMLESS = (
    r"(?:明显|任何|出现|过|发生|什么|的|有|伴|伴有|感到|觉得|感觉"
    r"|再|是|太|很|新发|典型|急性|剧烈|想要|想|要|想过|念头|打算|计划)*"
)
_DENIAL = re.compile(rf"(?:否认|未见|未诉|未出现|未发生|排除|并无){_LIST}{_HARMLESS}$")
_NEGATION = re.compile(rf"(?<![有缘])(?:没有|没|无|未|并未)(?!故|法|力){_LIST}{_HARMLESS}$")
_NOT = re.compile(r"(?:不|并不|并非)(?:太|是|会|感到|觉得|感觉|伴有|存在|再)*$")
_NEGATED_AFTER = re.compile(r"\s?(?:[:(]\s?)?(?:无|没有|否认|阴性|\(-\))(?=[,，。)、]|$)")
_HYPOTHETICAL = re.compile(
    r"(?:如果|万一|要是|假如|一旦)[^，,]{0,6}(?:出现|发生|发作|有)[^，,]{0,4}$|(?:如何|怎么|怎样)(?:预防|防止|避免)[^，,]{0,6}$|(?:预防|什么是|何为)$"
)
_INFORMATION_AFTER = re.compile(
    r"(?:的)?(?:症状|表现|原因|病因|治疗方法|前兆)?(?:是什么|有哪些|有什么|怎么预防|如何预防)"
)
_HISTORY = re.compile(
    r"(?:既往|曾经|以前|病史[:：]|[0-9一二两三四五六七八九十几多]+年前|去年|前年|小时候|幼时)[^，,]{0,12}$"
)
_HISTORY_AFTER = re.compile(r"[^，,]{0,2}(?:病史|史)|[^，,]{0,6}(?:年前|[0-9一二两三四五六七八九十]+年了)")
_RECENT = re.compile(r"今天|今早|今晚|现在|刚刚|刚才|小时|分钟|昨天|昨晚|突然|再次|又")
_FAMILY_HISTORY = re.compile(r"家族史|家族中|家族有|遗传史")
_RELATIVE = re.compile(
    r"(?:父亲|母亲|爸爸|妈妈|爸|妈|爷爷|奶奶|外公|外婆|姥姥|姥爷|叔叔|舅舅|姑姑|哥哥|姐姐|弟弟|妹妹|父母)[^，,]{0,4}(?:有|得过|患过|患有|曾|死于|因|也有)[^，,]{0,6}$"
)
_RELATIVE_AFTER = re.compile(r"[^，,]{0,4}(?:去世|病史|史|过世)")
_RELATIVE_PAST = re.compile(r"(?:得过|患过|曾|死于)[^，,]{0,6}$")


def status_name(before: str, phrase: str, after: str) -> str:
    """Return the value of `negation.Status` for a Chinese `phrase` between `before` and `after` in its sentence."""
    if _NEGATED_AFTER.match(after) or any(p.search(before) for p in (_DENIAL, _NEGATION, _NOT)):
        return "negated"
    if _HYPOTHETICAL.search(before) or _INFORMATION_AFTER.match(after):
        return "hypothetical"
    recent = _RECENT.search(before) or _RECENT.search(after[:20])
    if not recent and _is_relative(before, after):
        return "other_person"
    if not recent and (_HISTORY.search(before) or _HISTORY_AFTER.match(after)):
        return "historical"
    return "affirmed"


def _is_relative(before: str, after: str) -> bool:
    if _FAMILY_HISTORY.search(before):
        return True
    return _RELATIVE.search(before) is not None and (
        _RELATIVE_PAST.search(before) is not None or _RELATIVE_AFTER.match(after) is not None
    )
