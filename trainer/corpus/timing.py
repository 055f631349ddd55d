"""How long it has lasted, in the words of patients, of clinicians and in Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

__all__ = ["Timing", "draw_timing"]

# Unit: lowest, highest, clinicians' short form, Chinese.
_UNITS = {
    "minutes": (5, 55, "min", "分钟"),
    "hours": (1, 20, "h", "小时"),
    "days": (2, 9, "d", "天"),
    "weeks": (2, 8, "wk", "周"),
    "months": (2, 11, "mo", "个月"),
    "years": (2, 12, "yr", "年"),
}
_RECENT = {
    "minutes": ("just now", "a few minutes ago", "within the hour", "half an hour ago"),
    "hours": ("this morning", "last night", "earlier today", "this afternoon", "a couple of hours ago"),
    "days": ("yesterday", "on Monday", "the day before yesterday", "over the weekend", "a few days ago"),
    "weeks": ("a couple of weeks ago", "last month", "a few weeks back", "a fortnight ago"),
    "months": ("a few months ago", "last winter", "around the summer", "some months back"),
    "years": ("years ago", "a few years back", "a long time ago"),
}
_SINCE = {
    "minutes": ("since a few minutes ago",),
    "hours": ("since this morning", "since last night", "since lunchtime", "since I woke up", "all day"),
    "days": (
        "since yesterday",
        "since the weekend",
        "since Tuesday",
        "for several days",
        "for a few days now",
    ),
    "weeks": ("since last month", "for weeks", "for a few weeks now"),
    "months": ("for months", "since the summer", "for months now", "since last winter"),
    "years": ("for years", "on and off for years", "for a long time"),
}


@dataclass(frozen=True, slots=True)
class Timing:
    span: str  # "for 3 days"
    moment: str  # "3 days ago"
    shorthand: str  # "x3d"
    formal: str  # "3-day"
    chinese: str  # "3天"
    acute: bool


def draw_timing(onsets: tuple[str, ...], rng: Random) -> Timing | None:
    """A duration from the condition's usual ones; None where time says nothing (a request, a check-up)."""
    unit = rng.choice(onsets)
    if unit == "none":
        return None
    low, high, short, chinese = _UNITS[unit]
    number = min(rng.randint(low, high), rng.randint(low, high))
    if unit == "minutes":
        number = max(5, number - number % 5)
    counted = f"{number} {unit if number > 1 else unit[:-1]}"
    span = rng.choice(
        (f"for {counted}", f"for about {counted}", f"for the past {counted}", f"for {counted} now")
    )
    if rng.random() < 0.45:
        span = rng.choice(_SINCE[unit])
    moment = rng.choice(_RECENT[unit]) if rng.random() < 0.5 else f"{counted} ago"
    shorthand = rng.choice(
        (f"x{number}{short}", f"x {number} {short}", f"{number} {short}", f"for {counted}")
    )
    if unit in ("days", "weeks") and rng.random() < 0.3:
        shorthand = f"{number}/{'7' if unit == 'days' else '52'}"
    return Timing(
        span, moment, shorthand, f"{number}-{unit[:-1]}", f"{number}{chinese}", unit in ("minutes", "hours")
    )
