"""Check digits and calendars of identifiers."""

import re

__all__ = ["is_calendar_date", "is_chinese_resident_id", "is_ipv4", "is_nhs_number"]

_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECK = "10X98765432"


def is_nhs_number(text: str) -> bool:
    """NHS number: ten digits, the last a modulus-11 check digit (NHS Data Dictionary)."""
    digits = [int(char) for char in text if char.isdecimal()]
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    remainder = sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return (11 - remainder) % 11 == digits[9]


def is_chinese_resident_id(text: str) -> bool:
    """Resident identity number: 18 characters with the ISO 7064 MOD 11-2 check of GB 11643-1999."""
    total = sum(int(char) * weight for char, weight in zip(text, _RESIDENT_WEIGHTS, strict=False))
    return _RESIDENT_CHECK[total % 11] == text[17].upper()


def is_ipv4(text: str) -> bool:
    """Four numbers from 0 to 255."""
    return all(int(part) <= 255 for part in text.split("."))


def is_calendar_date(text: str) -> bool:
    """A day and a month in either order, with a year at one end."""
    first, second, third = (int(part) for part in re.split(r"[/.-]", text))
    day_month = (second, third) if first > 31 else (first, second)
    return 1 <= min(day_month) <= 12 and 1 <= max(day_month) <= 31
