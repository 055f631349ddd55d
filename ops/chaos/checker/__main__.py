"""`python -m ops.chaos.checker BOOTSTRAP HISTORY`: judges a history against a running broker; prints JSON."""

import json
import sys
from pathlib import Path

from ops.chaos.checker.reader import TopicReader
from ops.chaos.checker.verdict import judge
from ops.chaos.history import read_history

_POLL_S = 1.0


def main(bootstrap: str, history: Path) -> int:
    """0 where the run passed, 1 where it did not."""
    reader = TopicReader(bootstrap)
    try:
        while reader.read(_POLL_S) or not reader.is_at_end():
            pass
    finally:
        reader.close()
    verdict = judge(read_history(history), reader.log)
    sys.stdout.write(json.dumps(verdict.document(), indent=2) + "\n")
    return 0 if verdict.passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
