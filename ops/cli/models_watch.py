"""`triage models shadow | watch | explain`: how a version does beside, and after, the one before it."""

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ops.cli.failures import needs_training
from ops.cli.models_release import AsJson, By, Version, Why, author, document, opened
from ops.quiet_kafka import quiet
from streams.domain.shadow import MOST_MESSAGES
from streams.kafka_security import librdkafka_config

if TYPE_CHECKING:
    from ops.release.explain import VersionFacts
    from ops.release.regression import Finding
    from schemas import ShadowSummary

__all__ = ["ShadowMessages", "ShadowShare", "register"]

console = Console(stderr=True)
_REGRESSED = 2

ShadowShare = Annotated[float, typer.Option(min=0.0, max=1.0, help="Of the live messages.")]
ShadowMessages = Annotated[
    int, typer.Option(min=1, max=MOST_MESSAGES, help="The shadow ends after so many were compared.")
]


def register(group: typer.Typer) -> None:
    """Add the commands to `triage models`."""
    group.command()(shadow)
    group.command()(watch)
    group.command()(explain)


def shadow(
    version: Version,
    share: ShadowShare = 0.1,
    messages: ShadowMessages = 200,
    limit_s: Annotated[float, typer.Option(min=0.0, help="End after so long.")] = 3600.0,
    by: By = None,
    why: Why = "shadow by hand",
    as_json: AsJson = False,
) -> None:
    """Let a version answer a share of the live messages, too: compared, never published.

    It waits for messages that are decided from now on, and ends after `--messages` of the share, or `--limit-s`.
    """
    from ops.release.release import Author
    from ops.release.shadowing import Extent
    from ops.release.shadowing import shadow as run
    from streams.adapters.redis_shadow import RedisShadowTally

    with opened() as (release, settings):
        version = release.numbered(version)

        async def read(shadowing: str) -> dict[str, int]:
            tally = RedisShadowTally(settings.redis_url.get_secret_value())
            try:
                return await tally.read(shadowing)
            finally:
                await tally.close()

        console.print(_awaited(share, messages, limit_s), soft_wrap=True, highlight=False)
        with console.status("Comparing") as line:

            def told(summary: "ShadowSummary") -> None:
                line.update(f"Comparing: {summary.messages} of {messages}")

            summary = run(
                release,
                version,
                Author(author(by), why),
                Extent(share, messages, limit_s),
                lambda shadowing: asyncio.run(read(shadowing)),
                told,
            )
    typer.echo(summary.model_dump_json() if as_json else _told(summary))
    if summary.messages < messages:
        console.print(f"Ended after {limit_s:.0f} s (--limit-s), before {messages} messages were compared.")


def _awaited(share: float, messages: int, limit_s: float) -> str:
    """What a shadowing waits for: new messages, of which it answers a share."""
    about = f", some {messages / share:.0f} new live ones" if share else ""
    return (
        f"Waiting until {messages} messages are compared: {share:.0%} of those decided from now on{about}. "
        f"Ends after {limit_s:.0f} s at the latest (--limit-s); Ctrl-C ends it now."
    )


def watch(
    window_s: Annotated[float, typer.Option(min=1.0, help="How long after the promotion.")] = 3600.0,
    every_s: Annotated[float, typer.Option(min=0.5, help="Between two looks.")] = 30.0,
    override_margin: Annotated[float, typer.Option(help="More overrides than before, of 1.")] = 0.05,
    total_variation: Annotated[float, typer.Option(help="Drift of levels and of labels, of 1.")] = 0.15,
    ks: Annotated[float, typer.Option(help="Drift of the largest probability: KS statistic.")] = 0.2,
    min_decisions: Annotated[int, typer.Option(min=1, help="Below it drift is not judged.")] = 100,
    min_feedback: Annotated[int, typer.Option(min=1, help="Below it overrides are not judged.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Watch the promoted version, and roll it back by itself where it is worse; ends with 2 then."""
    needs_training(console)
    from ops.release.regression import Limits  # loads scipy: only this command needs it
    from ops.release.watch import watch as run
    from streams.adapters.kafka_reader import KafkaReader

    limits = Limits(
        min_decisions=min_decisions,
        min_feedback=min_feedback,
        override_margin=override_margin,
        total_variation=total_variation,
        ks_statistic=ks,
    )

    def told(findings: "tuple[Finding, ...]") -> None:
        for finding in findings:
            console.print(str(finding), style="red" if finding.regressed else "dim", highlight=False)

    with opened() as (release, settings):
        reader = KafkaReader(quiet(librdkafka_config(settings)))
        try:
            verdict = run(release, reader, limits, window_s=window_s, every_s=every_s, told=told)
        finally:
            reader.close()
    if as_json:
        typer.echo(json.dumps(asdict(verdict)))
    elif verdict.rolled_back_to is not None:
        typer.echo(f"version {verdict.version} was worse: version {verdict.rolled_back_to} is live again")
    elif verdict.superseded:
        typer.echo(f"version {verdict.version} is not live any more")
    else:
        typer.echo(f"version {verdict.version} stands")
    if verdict.rolled_back_to is not None:
        raise typer.Exit(_REGRESSED)


def explain(
    message_id: str,
    source: Annotated[str | None, typer.Option(help="The sender: ids are unique within it.")] = None,
    figures: Annotated[
        bool, typer.Option("--figures", help="Also how each version did on its test sets.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What was decided about a message, by which version; then who released that version, and what it learned from.

    `--json` has everything, the figures too.
    """
    from ops.release.explain import decisions_about, facts_of
    from streams.adapters.kafka_reader import KafkaReader

    with opened() as (release, settings):
        reader = KafkaReader(quiet(librdkafka_config(settings)))
        try:
            decided = decisions_about(reader, message_id, source)
        finally:
            reader.close()
        steps = release.steps()
        asked = dict.fromkeys(each.version for each in decided if each.version is not None)
        facts = [facts_of(version, steps, release.versions) for version in asked]
    if not decided:
        console.print(f"no decision about {message_id}", style="red", markup=False, highlight=False)
        raise typer.Exit(1)
    if as_json:
        told = [{**asdict(each), "appended_at": each.appended_at.isoformat()} for each in decided]
        typer.echo(json.dumps({"decisions": told, "versions": [_facts(each) for each in facts]}))
        return
    for each in decided:
        version = f"version {each.version}" if each.version else "no model: rules alone"
        when = each.appended_at.isoformat(timespec="seconds")
        typer.echo(f"{each.kind}: {each.outcome}  ({version})  {when}  {each.source}")
    for fact in facts:
        _print(fact, figures=figures)


def _print(fact: "VersionFacts", *, figures: bool) -> None:
    state = {None: "", True: ", unchanged since", False: ", CHANGED since its release"}[fact.unchanged]
    typer.echo(f"\nversion {fact.version}: content sha256 {fact.content_sha256}{state}")
    for recorded in fact.steps:
        step = recorded.step
        typer.echo(f"  {recorded.appended_at.isoformat()}  {step.step.value} by {step.by}: {step.reason}")
    if not fact.card:
        typer.echo("  its files are gone: no card")
        return
    for use in fact.card.get("data") or ():
        rows = {name: counts.get(use["source"], 0) for name, counts in (fact.card.get("rows") or {}).items()}
        typer.echo(f"  trained on {use['source']}: {json.dumps(rows)}; {use['licence']}")
    for result in (fact.card.get("results") or ()) if figures else ():
        told = ", ".join(f"{name} {value['value']:.3f}" for name, value in result["figures"].items())
        typer.echo(f"  {result['test_set']}, {result['task']}, {result['system']}, n {result['n']}: {told}")


def _facts(fact: "VersionFacts") -> dict[str, object]:
    return {
        "version": fact.version,
        "content_sha256": fact.content_sha256,
        "unchanged": fact.unchanged,
        "steps": [document(recorded) for recorded in fact.steps],
        "card": fact.card,
    }


def _told(summary: "ShadowSummary") -> str:
    answered = summary.messages - summary.unanswered
    if not answered:
        return f"{summary.messages} sampled, none answered"
    return (
        f"{summary.messages} compared: level the same {summary.same_level / answered:.3f}, "
        f"more urgent {summary.more_urgent}, less urgent {summary.less_urgent} "
        f"(of level 1-2: {summary.urgent_lowered}), diagnosis the same {summary.same_label / answered:.3f}, "
        f"unanswered {summary.unanswered}"
    )
