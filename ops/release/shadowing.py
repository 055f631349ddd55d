"""Lets a candidate answer beside the live version for a while, and records how the two agree."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ops.release.errors import NotReleasable
from ops.release.release import Author, Release
from schemas import ShadowSummary

__all__ = ["Extent", "shadow"]

_POLL_S = 0.5

ReadTally = Callable[[str], Mapping[str, int]]
"""The id of the step that began a shadowing to what was counted since."""


@dataclass(frozen=True, slots=True)
class Extent:
    """`share` of the live messages, until `messages` were compared or `limit_s` is over."""

    share: float
    messages: int
    limit_s: float


def shadow(
    release: Release,
    version: str,
    author: Author,
    extent: Extent,
    tally: ReadTally,
    told: Callable[[ShadowSummary], None],
) -> ShadowSummary:
    """Begin, or go on with what a crash left, and write the summary at the end, also where it is interrupted.

    Raises ReleaseRefused, and Unavailable while Redis is away.
    """
    begun = _begin(release, version, author, extent)
    deadline_s = time.monotonic() + extent.limit_s
    summary = _summary({})
    try:
        while summary.messages < extent.messages and time.monotonic() < deadline_s:
            time.sleep(_POLL_S)
            summary = _summary(tally(begun))
            told(summary)
    finally:
        release.end_shadow(version, author, summary)
    return summary


def _begin(release: Release, version: str, author: Author, extent: Extent) -> str:
    state = release.state()
    if version == release.live_version(state):
        raise NotReleasable(f"version {version} is live")
    if not release.server.serves(version):
        release.server.take_over(version)
    running = state.candidate
    if running is not None and (running.version, running.share) == (version, extent.share):
        return running.since
    return release.begin_shadow(version, author, extent.share)


def _summary(counts: Mapping[str, int]) -> ShadowSummary:
    return ShadowSummary(**{name: counts.get(name, 0) for name in ShadowSummary.model_fields})
