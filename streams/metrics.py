"""Prometheus metrics of the workers. Labels are codes and stages, never anything of a patient."""

from prometheus_client import Counter

__all__ = ["DEAD_LETTERS", "DUPLICATES", "EXPRESS_NOTICES", "LEDGER_AWAY"]

DEAD_LETTERS = Counter("triage_dead_letters_total", "Dead letters written.", ["reason"])
DUPLICATES = Counter("triage_duplicate_messages_total", "Identical copies of a message, decided once.")
LEDGER_AWAY = Counter("triage_ledger_away_messages_total", "Messages let through unchecked: Redis was away.")
EXPRESS_NOTICES = Counter(
    "triage_express_notices_total", "Express messages announced before the model answered."
)
