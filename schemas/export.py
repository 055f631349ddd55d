"""Writes the JSON Schema of every contract to schemas/json: `python -m schemas.export`."""

import json
from pathlib import Path
from typing import Any

from schemas import (
    AdmittedMessage,
    ClinicianFeedback,
    Contract,
    DeadLetter,
    DiagnosisAssessed,
    ModelLifecycle,
    PatientMessage,
    ReviewRequested,
    UrgencyAssessed,
)

__all__ = ["CONTRACTS", "GOLDEN_DIR", "JSON_DIR", "NAMES", "json_schema"]

CONTRACTS: dict[str, type[Contract]] = {
    contract.contract: contract
    for contract in (
        PatientMessage,
        AdmittedMessage,
        DiagnosisAssessed,
        UrgencyAssessed,
        ReviewRequested,
        ClinicianFeedback,
        DeadLetter,
        ModelLifecycle,
    )
}
NAMES = {contract: name for name, contract in CONTRACTS.items()}
JSON_DIR = Path(__file__).parent / "json"
GOLDEN_DIR = Path(__file__).parent / "golden"
"""An example of each contract."""


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the contract `name`, as producers must write it."""
    schema = CONTRACTS[name].model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:{name}", **schema}


def main() -> None:
    """Write one file a contract."""
    JSON_DIR.mkdir(exist_ok=True)
    for name in CONTRACTS:
        document = json.dumps(json_schema(name), indent=2, ensure_ascii=False, sort_keys=True)
        (JSON_DIR / f"{name}.schema.json").write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
