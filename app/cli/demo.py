"""`legation demo`: sovereign sharing on real objects, from nothing to a table in a minute; then a server to try things on."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from app.cli.options import Json, takes
from app.cli.play import ANALYST, RECEIVERS, VENDOR, Outcome, Play, Received
from app.cli.recipes import recipes
from app.cli.stage import Stage, stage
from app.cli.terminal import note, say, say_json, table
from app.configuration import model_folder, read_alliance
from app.stix.handling import Tlp


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What `demo` is asked."""

    once: Annotated[bool, typer.Option("--once", help="end after the table instead of serving on")] = False
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="port to listen on; without, 9000 if it is free, else any")] = None
    json: Json = False


@takes(Demo)
def demo(asked: Demo) -> None:
    """Show what the server is for: a vendor's feed reaches a curator, three CERTs, two partners and the public, each as its handling allows.

    Everything happens on a fresh store with the model alliance, over HTTP with taxii2-client, and is removed at the end.
    """
    cast = [client for client in (VENDOR, ANALYST, *RECEIVERS) if client]
    note("starting the server on a fresh store with the model alliance")
    with stage(cast, asked.port) as running:
        outcome = Play(running, note).act()
        if asked.json:
            say_json(asdict(outcome))
        else:
            _show(outcome)
        if not asked.once:
            _serve_on(running, outcome, with_recipes=not asked.json)


def _serve_on(running: Stage, outcome: Outcome, *, with_recipes: bool) -> None:
    for title, text in recipes(running, read_alliance(model_folder()), outcome.example) if with_recipes else ():
        say(f"\n# {title}\n{text}")
    note(f"\nserving {running.url}/taxii2/ until Ctrl-C; then store and tokens are removed")
    try:
        running.server.wait()
    except KeyboardInterrupt:
        note("ending")


def _show(outcome: Outcome) -> None:
    levels = [level.text for level in Tlp]
    rows = [
        (each.collection, each.who, *(each.objects[level] or "" for level in levels), sum(each.objects.values()))
        for each in sorted(outcome.received, key=lambda each: each.collection)
    ]
    table("Who received what", ("collection", "who", *(level.upper() for level in levels), "all"), rows)
    table("Why not more", ("collection", "who", "because"), [(each.collection, each.who, "\n".join(each.why)) for each in _bereft(outcome)])
    say("\n".join(_summary(outcome)))


def _bereft(outcome: Outcome) -> list[Received]:
    """Those from whom something is kept."""
    return sorted((each for each in outcome.received if each.why), key=lambda each: each.collection)


def _summary(outcome: Outcome) -> Iterable[str]:
    yield f"{outcome.pushed} objects came from the vendor; the curator could see {outcome.waiting} of them, since TLP:RED is for those whom it names."
    for path, number in outcome.released.items():
        yield f"{number} were released into {path}; what is above its ceiling stayed in the intake."
