"""Chinese medical dialogue data (Toyhom): questions that patients asked doctors of internal medicine online.

They carry no label: the department says who answered, not what explains the complaint, and most questions name a
disease that is known already. They are for pre-training on patients' Chinese and for judging what is foreign to a
model. GB18030; nearly every twentieth question comes twice. The doctors' answers are not read.
"""

from pathlib import Path

from trainer.data.rows import NO_VITALS, Row
from trainer.data.tables import read_table

__all__ = ["FILE", "SOURCE", "load"]

SOURCE = "toyhom"
FILE = "toyhom_zh/样例_内科5000-6000.csv"


def load(data_dir: Path) -> list[Row]:
    """Read the sample of internal medicine under `data_dir`. Raises BadData."""
    table = read_table(data_dir / FILE, columns=("title", "ask"), encoding="gb18030")
    return [
        Row(SOURCE, _question(record["title"], record["ask"]), f"{SOURCE}/{number}", NO_VITALS, language="zh")
        for number, record in table
    ]


def _question(title: str, ask: str) -> str:
    """The title is often the first sentence of the question, too."""
    title, ask = title.strip(), ask.strip()
    return ask if title in ask else f"{title} {ask}".strip()
