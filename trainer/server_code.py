"""Which of ONNX Runtime's graph transforms a version is served without: what its `model.py` says. Read, never run.

A transform that fuses steps of an int8 graph changes answers, so a version is judged with those it is served with. All
else that the served code has set so far (threads, logging) changes none.
"""

import ast
from pathlib import Path

__all__ = ["SERVER_CODE", "ServerCodeUnknown", "disabled_optimizers"]

SERVER_CODE = Path(__file__).parents[1] / "model_repo" / "triage_bert" / "1" / "model.py"
"""What versions are made with now."""

_BESIDE = "one_by_one.py"
"""Where `trainer/compress/bucketed.py` has its session from."""


class ServerCodeUnknown(ValueError):
    """From the code it cannot be told how the graph is served."""


def disabled_optimizers(code: Path) -> tuple[str, ...]:
    """Return what the one session in `code` leaves out: nothing in older versions. Raises ServerCodeUnknown."""
    try:
        tree = ast.parse(code.read_bytes())
    except OSError as error:
        raise ServerCodeUnknown(f"{code}: {error.strerror}") from None
    except (SyntaxError, ValueError):
        raise ServerCodeUnknown(f"{code} is not Python") from None
    sessions = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_session(node.func)]
    if not sessions and code.with_name(_BESIDE).exists() and code.name != _BESIDE:
        return disabled_optimizers(code.with_name(_BESIDE))
    if len(sessions) != 1:
        raise ServerCodeUnknown(f"{code} opens {len(sessions)} sessions, not one")
    given = {keyword.arg: keyword.value for keyword in sessions[0].keywords}
    try:
        names = ast.literal_eval(given["disabled_optimizers"]) if "disabled_optimizers" in given else ()
    except ValueError:
        names = None
    if names is None or None in given or not all(isinstance(name, str) for name in names):
        raise ServerCodeUnknown(f"{code}: the transforms that its session leaves out are not written out")
    return tuple(names)


def _is_session(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name == "InferenceSession"
