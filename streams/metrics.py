"""Prometheus metrics of the workers. Labels are codes, topics and stages, never anything of a patient."""

from prometheus_client import Counter, Gauge, Histogram

__all__ = [
    "ADJUDICATIONS",
    "CHUNK_MESSAGES",
    "CONSUMER_LAG",
    "CONSUMPTION_PAUSED",
    "DEAD_LETTERS",
    "DECISIONS",
    "DUPLICATES",
    "EVENT_LOOP_LAG",
    "EXPRESS_NOTICES",
    "FEEDBACK",
    "HANDLE_SECONDS",
    "LEDGER_AWAY",
    "MODEL_ERRORS",
    "MODEL_FORMER_GONE",
    "MODEL_LIVE",
    "MODEL_SECONDS",
    "MODEL_STEPS_UNREADABLE",
    "MODEL_WAITING",
    "MODEL_WINDOWS",
    "REVIEWS",
    "SHADOW",
    "SHADOW_LABELS",
    "STAGE_SECONDS",
]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_LONG_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_POWERS_OF_TWO = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_CHUNK_SIZES = (*_POWERS_OF_TWO, 512)  # the largest chunk of a lane has 500

DEAD_LETTERS = Counter("triage_dead_letters_total", "Dead letters written.", ["reason"])
DUPLICATES = Counter("triage_duplicate_messages_total", "Identical copies of a message, decided once.")
LEDGER_AWAY = Counter("triage_ledger_away_messages_total", "Messages let through unchecked: Redis was away.")
EXPRESS_NOTICES = Counter(
    "triage_express_notices_total", "Express messages announced before the model answered."
)
DECISIONS = Counter(
    "triage_decisions_total", "Urgency events, redelivered ones too.", ["level", "decided_by"]
)
FEEDBACK = Counter("triage_feedback_total", "Words of clinicians, each record once.", ["verdict", "label"])
ADJUDICATIONS = Gauge("triage_adjudications_open", "Messages on which clinicians disagree.")
REVIEWS = Counter("triage_reviews_total", "Reasons of review requests.", ["reason"])

CHUNK_MESSAGES = Histogram(
    "triage_chunk_messages", "Messages handled in one call.", ["topic"], buckets=_CHUNK_SIZES
)
HANDLE_SECONDS = Histogram(
    "triage_handle_seconds", "Time of one such call, failed ones too.", ["topic"], buckets=_SECONDS
)
STAGE_SECONDS = Histogram(
    "triage_stage_seconds",
    "From the broker's append of a message until its outputs were ready to be sent, waiting included.",
    ["topic"],
    buckets=_LONG_SECONDS,
)
MODEL_SECONDS = Histogram(
    "triage_model_request_seconds", "Time of one answered inference request.", ["priority"], buckets=_SECONDS
)
MODEL_WINDOWS = Histogram(
    "triage_model_request_windows",
    "Windows of text in one answered inference request.",
    ["priority"],
    buckets=_POWERS_OF_TWO,
)
MODEL_STEPS_UNREADABLE = Counter(
    "triage_model_steps_unreadable_total", "Records of triage.models.v1 that this release cannot read."
)
MODEL_ERRORS = Counter("triage_model_errors_total", "Inference requests that failed.", ["error"])
MODEL_FORMER_GONE = Counter(
    "triage_model_former_version_gone_messages_total",
    "Redelivered messages whose first version cannot be asked any more: decided by the live one.",
)
MODEL_LIVE = Gauge("triage_model_version_live", "1 for the version that this worker decides by.", ["version"])
MODEL_WAITING = Gauge(
    "triage_model_version_waiting", "1 while a promoted version cannot serve yet.", ["version", "waits_for"]
)
SHADOW = Counter(
    "triage_shadow_total",
    "Messages that a candidate answered beside the live version.",
    ["version", "outcome"],
)
SHADOW_LABELS = Counter("triage_shadow_labels_total", "The same by diagnosis.", ["version", "outcome"])

CONSUMER_LAG = Gauge(
    "triage_consumer_lag_records", "Records behind the end of the partition.", ["topic", "partition"]
)
CONSUMPTION_PAUSED = Gauge(
    "triage_consumption_paused", "1 while messages wait for the service; absent otherwise.", ["service"]
)
EVENT_LOOP_LAG = Histogram(
    "triage_event_loop_lag_seconds", "How much later than due the event loop comes round.", buckets=_SECONDS
)
