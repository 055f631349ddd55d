"""The fields of FHIR R4 resources that are read (https://hl7.org/fhir/R4/), and no others."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from schemas import Sex

__all__ = [
    "MODELS",
    "Concept",
    "Condition",
    "Encounter",
    "Observation",
    "Patient",
    "Resource",
    "Value",
    "moment",
]


def moment(stamp: str | None) -> datetime | None:
    """Return the time, None for a date without a time of day or a zone."""
    try:
        time = datetime.fromisoformat(stamp or "")
    except ValueError:
        return None
    return time if time.tzinfo else None


class _Element(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, alias_generator=to_camel)


class _Coding(_Element):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(_Element):
    """A coded meaning, with the words it was entered in."""

    coding: tuple[_Coding, ...] = ()
    text: str | None = None

    def codes(self, system: str) -> Iterator[str]:
        """Yield the codes whose system contains `system`."""
        for coding in self.coding:
            if coding.code and system in (coding.system or ""):
                yield coding.code

    @property
    def words(self) -> str | None:
        """What was entered, else the first name of a code."""
        return self.text or next((coding.display for coding in self.coding if coding.display), None)


class _Reference(_Element):
    reference: str | None = None


class _Quantity(_Element):
    value: float | None = None
    comparator: str | None = None
    unit: str | None = None
    code: str | None = None


class Value(_Element):
    """A code with what was found: an Observation, or a component of one."""

    code: Concept
    value_quantity: _Quantity | None = None
    value_integer: int | None = None
    value_string: str | None = None
    value_codeable_concept: Concept | None = None


class _Period(_Element):
    start: str | None = None


class Resource(_Element):
    """What all four kinds share."""

    id: str | None = None
    language: str | None = None


class Patient(Resource):
    """Whose sex and age count."""

    gender: Sex | None = None
    birth_date: str | None = None


class Condition(Resource):
    """A diagnosis."""

    code: Concept | None = None
    encounter: _Reference | None = None
    verification_status: Concept | None = None

    @property
    def holds(self) -> bool:
        """Whether it is meant as a diagnosis: confirmed, or without a status."""
        status = self.verification_status
        return status is None or "confirmed" in status.codes("condition-ver-status")


class Observation(Resource, Value):
    """A measurement or a finding."""

    status: str
    encounter: _Reference | None = None
    effective_date_time: str | None = None
    effective_instant: str | None = None
    effective_period: _Period | None = None
    component: tuple[Value, ...] = ()

    @property
    def values(self) -> tuple[Value, ...]:
        """Itself and its components, as both can carry a value."""
        return (self, *self.component)

    @property
    def at(self) -> datetime | None:
        """When it was found, None where that is not known to the second."""
        period = self.effective_period
        return moment(
            self.effective_date_time or self.effective_instant or (period.start if period else None)
        )


class _Diagnosis(_Element):
    condition: _Reference
    rank: int | None = None


class Encounter(Resource):
    """A visit."""

    status: str
    subject: _Reference | None = None
    period: _Period | None = None
    reason_code: tuple[Concept, ...] = ()
    diagnosis: tuple[_Diagnosis, ...] = ()


MODELS: Mapping[str, type[Resource]] = {
    "Patient": Patient,
    "Condition": Condition,
    "Observation": Observation,
    "Encounter": Encounter,
}
