"""What was found at a visit's triage: of each vital sign the earliest value, as later ones may be after treatment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from schemas import Consciousness, VitalSigns
from streams.domain.quality import POSSIBLE_RANGES
from trainer.data.errors import BadCell
from trainer.data.fhir import codes
from trainer.data.fhir.reading import Place
from trainer.data.fhir.resources import Observation, Value
from trainer.data.rows import URGENCY_LEVELS

__all__ = ["Found", "Triage"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """One value that was found, when and where."""

    value: Value
    at: datetime | None
    place: Place


@dataclass(slots=True)
class Triage:
    """Reads one visit's observations; what cannot be used goes to `faults`.

    `blank_unusable`: vital signs that are impossible, or in a unit or code unknown here, count as not measured.
    """

    found: Sequence[tuple[Observation, Place]]
    blank_unusable: bool
    faults: list[BadCell] = field(default_factory=list)

    def complaint(self) -> str | None:
        """The chief complaint as it was written."""
        return self._first(codes.COMPLAINT, lambda found: found.value.value_string)

    def level(self) -> int | None:
        """The urgency of the first triage."""
        return self._first(codes.TRIAGE, self._level)

    def pregnant(self) -> bool | None:
        """Null where it is unknown."""
        return self._first(codes.PREGNANCY, lambda found: self._coded(found, codes.PREGNANT))

    def vitals(self) -> VitalSigns:
        """The vital signs; what was not measured is null."""
        consciousness: Consciousness | None = self._first(
            codes.CONSCIOUSNESS, lambda found: self._coded(found, codes.CONSCIOUSNESS_STEPS)
        )
        flow = self._first(codes.OXYGEN_FLOW, lambda found: self._number(found, codes.FLOW_UNITS, bare=False))
        return VitalSigns(
            consciousness=consciousness,
            supplemental_oxygen=None if flow is None else flow > 0,
            **{name: self._first(asked, self._measure(name)) for name, (asked, _) in codes.MEASURED.items()},
        )

    def _first(self, asked: Sequence[str], read: Callable[[Found], T | None]) -> T | None:
        """Read the earliest of all values with one of the codes `asked`."""
        found = [
            Found(value, observation.at, place)
            for observation, place in self.found
            for value in observation.values
            if set(asked) & set(value.code.codes("loinc"))
        ]
        if len(found) > 1 and any(one.at is None for one in found):
            self._fault(
                found[1], "effectiveDateTime", "several values, one without a time: the first is not known"
            )
            return None
        earliest = sorted(found, key=lambda one: one.at or datetime.min.replace(tzinfo=UTC))
        return next((value for one in earliest if (value := read(one)) is not None), None)

    def _fault(self, found: Found, path: str, fault: str) -> None:
        self.faults.append(found.place.fault(f"Observation.{path}", fault))

    def _unusable(self, found: Found, path: str, fault: str) -> None:
        if not self.blank_unusable:
            self._fault(found, path, fault)

    def _measure(self, name: str) -> Callable[[Found], float | None]:
        units = codes.MEASURED[name][1]
        low, high = POSSIBLE_RANGES[name]

        def read(found: Found) -> float | None:
            value = self._number(found, units, bare=name in codes.WITHOUT_UNIT)
            if value is None or low <= value <= high:
                return value
            self._unusable(found, "value", f"{name} outside the possible range {low:g} to {high:g}")
            return None

        return read

    def _number(self, found: Found, units: Mapping[str, tuple[float, float]], *, bare: bool) -> float | None:
        """Return the value in our unit; `bare`: it needs none. A value without a number is no value."""
        value, quantity = found.value, found.value.value_quantity
        if quantity is None and value.value_integer is not None and bare:
            return float(value.value_integer)
        if quantity is None:
            if (value.value_integer, value.value_string, value.value_codeable_concept) != (None, None, None):
                self._unusable(found, "value", "not a quantity with a unit")
            return None
        if quantity.value is None:
            return None
        unit = quantity.code or quantity.unit
        if quantity.comparator is not None:
            self._unusable(found, "valueQuantity.comparator", "a bound, not a value")
        elif unit is None and bare:
            return quantity.value
        elif unit is not None and unit in units:
            added, times = units[unit]
            return (quantity.value + added) * times
        else:
            self._unusable(found, "valueQuantity.code", f"none of the units {', '.join(units)}")
        return None

    def _coded(self, found: Found, meanings: Mapping[str, T]) -> T | None:
        concept = found.value.value_codeable_concept
        if concept is None:
            return None
        known = [code for code in concept.codes("") if code in meanings]
        if not known:
            self._unusable(found, "valueCodeableConcept", "no code that is known here")
            return None
        return meanings[known[0]]

    def _level(self, found: Found) -> int | None:
        concept, quantity = found.value.value_codeable_concept, found.value.value_quantity
        given = [str(codes.ANSWER_LEVELS.get(code, code)) for code in (concept.codes("") if concept else ())]
        given += [str(found.value.value_integer)] if found.value.value_integer is not None else []
        given += [f"{quantity.value:g}"] if quantity is not None and quantity.value is not None else []
        levels = {level for level in URGENCY_LEVELS if str(level) in given}
        if given and len(levels) != 1:
            self._fault(found, "value", "not one of 1 (most urgent) to 5")
        return levels.pop() if len(levels) == 1 else None
