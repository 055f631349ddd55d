"""A hospital's FHIR R4 export as rows: one emergency visit (Encounter) each, with what was known at its triage."""

from trainer.data.fhir.visits import Export, load

__all__ = ["Export", "load"]
