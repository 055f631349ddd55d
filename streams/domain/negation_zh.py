"""The Chinese half of `negation`: no spaces, so the trigger must stand before the phrase over known characters only."""

import re

__all__ = ["status_name"]

_NO_COMPLAINT = (
    r"胃口|食欲|精神|力气|睡|吃|喝|用药|药物|过敏|手术|外伤|病史|既往史|缓解|好转|改善|减轻|消失|效果|办法|钱|时间|注意|在意"
    r"|重视|检查|治疗"
)
"""Whoever has no appetite or no allergies has said nothing about what stands behind the "and"."""
_ITEM = rf"(?:(?!{_NO_COMPLAINT})[^，,。！!？?；;、：:但却而]){{1,8}}"
_LIST = rf"(?:{_ITEM}(?:、|及|和|或|与|以及))*"
_HARMLESS = (
    r"(?:明显|任何|出现|过|发生|什么|的|有|伴|伴有|感到|觉得|感觉"
    r"|再|是|太|很|新发|典型|急性|剧烈|想要|想|要|想过|念头|打算|计划)*"
)
_DENIAL = re.compile(rf"(?:否认|未见|未诉|未出现|未发生|排除|并无){_LIST}{_HARMLESS}$")
_NEGATION = re.compile(rf"(?<![有缘])(?:没有|没|无|未|并未)(?!故|法|力){_LIST}{_HARMLESS}$")
_NOT = re.compile(r"(?<![是会要能])(?:不|并不|并非)(?:太|是|会|感到|觉得|感觉|伴有|存在|再)*$")
_ABSENCE = re.compile("无|没")
"""In "无呼吸、无脉搏" the first "no" does not deny the second."""
_NEGATED_AFTER = re.compile(r"\s?(?:[:(]\s?)?(?:无|没有|否认|阴性|\(-\))(?=[,，。)、]|$)")
_CONDITION = re.compile(
    r"(?:如果|万一|要是|假如|一旦)[^，,]{0,6}(?:出现|发生|发作|有)[^，,]{0,4}$|(?:如何|怎么|怎样)(?:预防|防止|避免)[^，,]{0,6}$|(?:预防|什么是|何为)$"
)
_INFORMATION_AFTER = re.compile(
    r"(?:的)?(?:症状|表现|原因|病因|治疗方法|前兆)?(?:是什么|有哪些|有什么|怎么预防|如何预防)"
)
_DISEASE = (
    r"心梗|心肌梗死|心肌梗塞|心脏病|冠心病|心绞痛|房颤|心衰|脑梗|脑梗死|脑梗塞|脑出血|脑溢血|中风|脑卒中|偏瘫|肺栓塞"
    r"|高血压|糖尿病|高血脂|哮喘|慢阻肺|癫痫|肾病|肝炎|肝硬化|胃溃疡|胃炎|贫血|痛风|甲亢|甲减|白血病|肿瘤|癌"
)
_DISEASES_ONLY = re.compile(
    rf"(?:{_DISEASE}|[有患的过、及和与或:：]|病|史|多年|[0-9一二两三四五六七八九十]+年|曾)*"
)
_NAMED = re.compile(rf"(?:{_DISEASE})")
_HISTORY = re.compile(
    r"(?:既往|曾经|以前|病史[:：]|[0-9一二两三四五六七八九十几多]+年前|去年|前年|小时候|幼时)([^，,]{0,12})$"
)
_ANOTHER_EVENT = r"(?![^，,]{0,8}(?:支架|手术|搭桥|做过|得过|患过|诊断|查出))"
_HISTORY_AFTER = re.compile(
    rf"[^，,]{{0,2}}(?:病史|史)|[^，,]{{0,6}}(?:年前{_ANOTHER_EVENT}|[0-9一二两三四五六七八九十]+年了)"
)
_NONE = re.compile("无|没有|否认|不详")
_FOUND = re.compile("查出|诊断|确诊|得过|患过|患有|得了|患了")
_RECENT = re.compile(
    r"今天|今早|今晚|现在|刚刚|刚才|小时|分钟|昨天|昨晚|突然|突发|再次|又|正在|目前|此次|本次|[0-9一二两三四五六七八九十几]+天"
)
_OWN = re.compile(r"我(?!国|们)|本人|患者|老公|老婆|丈夫|妻子|孩子|爸|妈|父亲|母亲|爷爷|奶奶|外公|外婆")
_FAMILY_HISTORY = re.compile(r"(?:家族史|家族中|家族有|遗传史)([^。]*)$")
_RELATIVE = re.compile(
    r"(?:父亲|母亲|爸爸|妈妈|爸|妈|爷爷|奶奶|外公|外婆|姥姥|姥爷|叔叔|舅舅|姑姑|哥哥|姐姐|弟弟|妹妹|父母)[^，,]{0,4}(?:有|得过|患过|患有|曾|死于|因|也有)[^，,]{0,6}$"
)
_RELATIVE_AFTER = re.compile(r"[^，,]{0,4}(?:去世|病史|史|过世)")
_RELATIVE_PAST = re.compile(r"(?:得过|患过|曾|死于)[^，,]{0,6}$")


def status_name(before: str, phrase: str, after: str) -> str:
    """Return the value of `negation.Status` for a Chinese `phrase` between `before` and `after` in its sentence."""
    is_denied = any(pattern.search(before) for pattern in (_DENIAL, _NEGATION, _NOT))
    if _NEGATED_AFTER.match(after) or (is_denied and not _ABSENCE.match(phrase)):
        return "negated"
    recent = _RECENT.search(before) or _RECENT.search(after[:20])
    if _is_hypothetical(before, phrase, after, recent=recent is not None):
        return "hypothetical"
    if not recent and _is_relative(before, phrase, after):
        return "other_person"
    if not recent and (_is_past(before, phrase) or _HISTORY_AFTER.match(after)):
        return "historical"
    return "affirmed"


def _is_hypothetical(before: str, phrase: str, after: str, *, recent: bool) -> bool:
    """A question about a complaint that somebody has is the complaint."""
    if _CONDITION.search(before):
        return True
    if not _INFORMATION_AFTER.match(after):
        return False
    return not recent and (_NAMED.search(phrase) is not None or _OWN.search(before) is None)


def _is_past(before: str, phrase: str) -> bool:
    """What follows a disease in a history is past only if it is a disease too."""
    past = _HISTORY.search(before)
    if past is None or re.search("[，,]", phrase):
        return False
    if _NAMED.search(phrase):
        return _DISEASES_ONLY.fullmatch(past[1]) is not None or _FOUND.search(past[1]) is not None
    return _NAMED.search(past[1]) is None


def _is_relative(before: str, phrase: str, after: str) -> bool:
    family = _FAMILY_HISTORY.search(before)
    if family and (
        not re.search("[，,]", family[1]) or (_NAMED.search(phrase) and not _NONE.search(family[1]))
    ):
        return True
    return _RELATIVE.search(before) is not None and (
        _RELATIVE_PAST.search(before) is not None or _RELATIVE_AFTER.match(after) is not None
    )
