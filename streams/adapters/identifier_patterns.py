"""The recognisers of `deidentify`, in order of precedence. Every repetition is bounded, so matching is linear."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from streams.adapters.identifier_checks import (
    is_calendar_date,
    is_chinese_resident_id,
    is_ipv4,
    is_nhs_number,
)

__all__ = ["RECOGNIZERS", "Guard", "Recognizer"]


@dataclass(frozen=True, slots=True)
class Guard:
    """Words that are never a part of a name or an address."""

    keep_words: frozenset[str]

    def keeps(self, word: str) -> bool:
        return word.lower().strip(".,'") in self.keep_words

    def keeps_part_of(self, han: str) -> bool:
        return any(han[i : i + n] in self.keep_words for n in (2, 3, 4) for i in range(len(han) - n + 1))


@dataclass(frozen=True, slots=True)
class Recognizer:
    """`group` of `pattern` is the identifier; `trim` says how much of it to take; `valid` checks it.

    A text that has fewer than `needs_digits` digits, or in lower case none of `needs`, holds no valid match.
    """

    kind: str
    pattern: re.Pattern[str]
    group: int = 0
    valid: Callable[[str], bool] | None = None
    trim: Callable[[str, Guard], int] | None = None
    needs_digits: int = 0
    needs: tuple[str, ...] = ()


def _name_length(name: str, guard: Guard) -> int:
    """Return how far `name` goes before the first clinical word."""
    end = 0
    for match in re.finditer(r"\S+", name):
        if guard.keeps(match.group()):
            break
        end = match.end()
    return end


def _titled_name_length(name: str, guard: Guard) -> int:
    """The first word after a title is a name, whatever it means."""
    first, _, rest = name.partition(" ")
    kept = _name_length(rest, guard)
    return len(first) + (1 + kept if kept else 0)


def _address_length(address: str, guard: Guard) -> int:
    """One clinical word is a street ("High Street"), two are a complaint."""
    return 0 if sum(guard.keeps(word) for word in address.split()) > 1 else len(address)


def _han_name_length(name: str, guard: Guard) -> int:
    return 0 if guard.keeps_part_of(name) else len(name)


_CAP = r"[A-ZÀ-ÖØ-Þ][\w'’-]{0,30}"
_NAME = rf"{_CAP}(?:[ ]{_CAP}|[ ][A-Z]\.){{0,3}}"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_STREET_WORD = (
    r"(?:Street|Avenue|Road|Lane|Drive|Boulevard|Terrace|Crescent|Highway|Parkway|St|Ave|Rd|Blvd|Ln)"
)
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕"
    "丁任沈姚卢姜崔钟谭陆汪范廖石金韦贾夏付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱"
    "严覃武戴莫孔向汤"
)
"""The hundred or so most common family names."""
_ID_LABEL = (
    r"(?:mrn|medical record (?:number|no)|(?:hospital|patient|account|acct|policy|insurance|member"
    r"|membership|case|claim|reference"
    r"|licen[cs]e|passport|national|social security|card|chart|file|nhs|medicare|medicaid)(?:'s)?[ ]?"
    r"(?:licen[cs]e )?(?:id|number|no|num|nr)"
    r"|病历号|住院号|门诊号|医保卡号|社保号|就诊卡号|身份证号?"
    r"|卡号)"
)

RECOGNIZERS: tuple[Recognizer, ...] = (
    Recognizer(
        "EMAIL",
        re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"),
        needs=("@",),
    ),
    Recognizer(
        "URL",
        re.compile(r"(?i)\b(?:https?://|www\.)[^\s<>\"'）)，。]{1,2000}"),
        needs=("://", "www."),
    ),
    Recognizer(
        "IP", re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)"), valid=is_ipv4, needs_digits=4
    ),
    Recognizer(
        "IP", re.compile(r"(?i)(?<![\w:])(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}(?![\w:])"), needs=(":",)
    ),
    Recognizer(
        "RESIDENT_ID",
        re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[0-9Xx](?![0-9A-Za-z])"),
        valid=is_chinese_resident_id,
        needs_digits=17,
    ),
    Recognizer("SSN", re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"), needs_digits=9),
    Recognizer(
        "NHS_NUMBER",
        re.compile(r"(?<![\w+-])\d{3}([ -]?)\d{3}\1\d{4}(?![\w-])"),
        valid=is_nhs_number,
        needs_digits=10,
    ),
    Recognizer(
        "ACCOUNT",
        re.compile(r"(?i)(?<!\w)[a-z]{2}\d{2}[ ]?(?:[a-z0-9]{4}[ ]?){2,7}[a-z0-9]{1,4}(?!\w)"),
        needs_digits=8,
        valid=lambda value: sum(char.isdigit() for char in value) >= 8,
    ),
    Recognizer(
        "DATE",
        re.compile(
            r"(?<![\w/.-])(?:\d{1,2}([/.-])\d{1,2}\1(?:\d{4}|\d{2})|\d{4}([/.-])\d{1,2}\2\d{1,2})(?![\w/-]|\.\d)"
        ),
        valid=is_calendar_date,
        needs_digits=4,
    ),
    Recognizer(
        "DATE",
        re.compile(
            rf"(?i)\b(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)?[ -]{_MONTH}\.?,?[ -](?:19|20)\d\d"
            rf"|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d\d)\b"
        ),
        needs_digits=5,
    ),
    Recognizer("DATE", re.compile(r"(?:19|20)\d\d ?年 ?\d{1,2} ?月 ?\d{1,2} ?[日号]"), needs_digits=6),
    Recognizer(
        "ID",
        re.compile(
            rf"(?i)(?<![a-z]){_ID_LABEL}(?:\.| is"
            rf"|[ ]?[:：#]){{0,3}}[ #]{{0,2}}(?=[a-z0-9-]{{0,20}}\d)([a-z0-9](?:[a-z0-9]"
            rf"|-(?=[a-z0-9])){{3,30}})(?![a-z0-9])"
        ),
        group=1,
        needs_digits=1,
    ),
    Recognizer(
        "PHONE",
        re.compile(
            r"(?<![\w+])(?:\+|00)[1-9]\d{0,2}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d(?:[ .-]?\d){5,12}(?:x\d{1,6})?(?!\w)"
        ),
        needs_digits=7,
    ),
    Recognizer(
        "PHONE",
        re.compile(
            r"(?<![\w+.-])(?:1[ .-])?(?:\(\d{2,5}\) ?|\d{3}[ .-])\d{3,4}[ .-]\d{3,4}(?: ?(?:x"
            r"|ext\.? ?)\d{1,6})?(?!\w|-\d)"
        ),
        valid=lambda value: 8 <= sum(char.isdigit() for char in value) <= 17,
        needs_digits=8,
    ),
    Recognizer("PHONE", re.compile(r"(?<![\w-])\d{2}(?:-\d{2}){3,4}(?![\w-])"), needs_digits=8),
    Recognizer("PHONE", re.compile(r"(?<![\w+.-])0\d(?:[ .-]?\d){7,10}(?![\w]|[.-]\d)"), needs_digits=9),
    Recognizer(
        "PHONE",
        re.compile(
            r"(?<![0-9A-Za-z])(?:1[3-9]\d{9}|1[3-9]\d[ -]\d{4}[ -]\d{4}|[2-9]\d{2}[2-9]\d{6})(?![0-9A-Za-z])"
        ),
        needs_digits=10,
    ),
    Recognizer(
        "PHONE",
        re.compile(
            r"(?i)(?:\b(?:phone|tel|telephone|mobile|cell|fax|desk|pager|whatsapp|(?:call|ring"
            r"|reach|text|phone) (?:me|us|him|her) (?:at|on))(?: number| no)?(?: is)?|电话|手机|联系方式)"
            r"[:：.]?\s{0,3}([(+]?\d(?:[ .()-]{0,2}\d){5,14})(?!\d)"
        ),
        group=1,
        needs_digits=6,
    ),
    Recognizer("ID", re.compile(r"(?<![\w.])\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}(?![\w])"), needs_digits=13),
    Recognizer("ID", re.compile(r"(?<![0-9.])\d{8,34}(?![0-9]|\.[0-9])"), needs_digits=8),
    Recognizer(
        "POSTCODE",
        re.compile(
            r"(?i)(?:\b(?:zip|zip code|zipcode|postcode|post code|postal code)(?: is)?"
            r"|邮编)[:：]?\s{0,3}([a-z]{0,2}\d[a-z0-9]{0,4}(?:[ -][0-9][a-z0-9]{1,3})?)\b"
        ),
        group=1,
        needs_digits=1,
    ),
    Recognizer(
        "POSTCODE",
        re.compile(r"(?<!\w)[A-Z]{1,2}\d[A-Z\d]? \d(?!AM|PM)[ABD-HJLNP-UW-Z]{2}(?!\w)"),
        needs_digits=2,
    ),
    Recognizer(
        "POSTCODE",
        re.compile(r"(?<!\w)(?<=[A-Z]{2} )\d{5}(?:-\d{4})?(?!\w)|(?<![\w.-])\d{5}-\d{4}(?![\w-])"),
        needs_digits=5,
    ),
    Recognizer(
        "ADDRESS",
        re.compile(
            rf"(?<![\w/.-])\d{{1,6}} (?:(?:[A-Z][a-zà-ÿ'’]{{1,25}}|\d{{1,3}}(?:st|nd|rd"
            rf"|th)) ){{1,4}}{_STREET_WORD}\b(?!\.? ?\[)(?:\.?,? (?:Apt|Suite|Unit"
            rf"|Flat)\.? ?[A-Z0-9]{{1,6}})?"
        ),
        trim=_address_length,
        needs_digits=1,
    ),
    Recognizer("ADDRESS", re.compile(r"(?i)\bP\.?O\.? Box \d{1,7}\b"), needs_digits=1),
    Recognizer(
        "ADDRESS",
        re.compile(r"(?:住址|地址|家住|住在)[:：]?([\u4e00-\u9fff0-9A-Za-z-]{4,40})"),
        group=1,
        trim=_han_name_length,
    ),
    Recognizer(
        "NAME",
        re.compile(
            rf"(?<!\w)(?:(?:M[rs]s?|D[Rr]|Prof|MRS?|MS)\.? |(?:Miss|Doctor|Professor) ){{1,2}}({_NAME})"
        ),
        group=1,
        trim=_titled_name_length,
    ),
    Recognizer(
        "NAME",
        re.compile(
            rf"(?<!\w)(?:[Mm]y (?:full |first )?name(?:'s| is)|MY NAME IS"
            rf"|[Tt]his is(?= [^.,\n]{{2,60}} (?:calling|speaking|writing|here)\b)) ({_NAME})"
        ),
        group=1,
        needs=("name", "this is"),
        trim=_name_length,
    ),
    Recognizer(
        "NAME",
        re.compile(
            r"(?<!\w)[Mm]y (?:full |first )?name(?:'s| is) "
            r"(?!(?:not|the|and|spelled|spelt|missing|wrong|already|listed|under|still|here)\b)([a-zß-öø-ÿ][a-zß-öø-ÿ'’-]{2,30})(?!\w)"
        ),
        group=1,
        needs=("name",),
        trim=_name_length,
    ),
    Recognizer(
        "NAME",
        re.compile(
            rf"(?<!\w)(?:(?:(?:[Pp]atient|[Pp]t|[Ff]ull|[Ff]irst|[Ll]ast)(?:'s)? )?[Nn]ame|NAME"
            rf"|[Uu]ser|[Nn]ext of kin|NOK)[ ]?[:：][ ]?({_NAME})"
        ),
        group=1,
        needs=(":", "："),
        trim=_name_length,
    ),
    Recognizer(
        "NAME",
        re.compile(rf"(?<!\w)(?:[Pp]atient|PATIENT|[Pp]t)[ ]?[:：][ ]?({_CAP} {_NAME})"),
        group=1,
        needs=(":", "："),
        trim=_name_length,
    ),
    Recognizer(
        "NAME",
        re.compile(
            rf"(?:[Rr]egards|[Ss]incerely|[Cc]heers|[Tt]hanks|[Tt]hank you"
            rf"|[Yy]ours truly),?[ ]?\n\s{{0,5}}({_NAME})(?=\s{{0,5}}$)"
        ),
        group=1,
        needs=("\n",),
        trim=_name_length,
    ),
    Recognizer(
        "NAME",
        re.compile(
            rf"我(?:的名字)?(?:叫|是)([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})(?=[，,。；;、！!\s]|今年|$)"
        ),
        group=1,
        trim=_han_name_length,
    ),
    Recognizer(
        "NAME",
        re.compile(r"(?:姓名|名字)(?:叫|是|[:：])?\s{0,2}([\u4e00-\u9fff]{2,4})(?=[，,。；;、\s]|$)"),
        group=1,
        trim=_han_name_length,
    ),
    Recognizer(
        "NAME",
        re.compile(
            rf"(?:患者|病人|家属)[:：]?\s?([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})(?=[，,、\s](?:男|女|\d))"
        ),
        group=1,
        trim=_han_name_length,
    ),
)
