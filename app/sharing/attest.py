"""Attest: walk along every chain, name each fault, and say what could not be checked; and read where the chains end, for a checkpoint (DESIGN 8).

What is proven is that records are those that were sealed, in their order, without gaps; objects are held against their hashes by app/sharing/verify.py.
Deeds of the operator: faces for clients do not lead here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.audit.chain import Head, Inspection
from app.audit.checkpoint import Checkpoint
from app.audit.deliveries import DELIVERIES
from app.audit.events import ADMINISTRATION
from app.clock import timestamp, to_micros
from app.sharing.exchange import Exchange
from app.sharing.portions import portions

PORTION: Final = 200
"""Records read at once: those of deliveries that were busy hold some hundred kilobytes each."""

Tell = Callable[[int], None]
"""Hears how many records more were read."""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """One chain: what it tells of, how many records it has, and what is wrong with it."""

    chain: str
    of: str
    records: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attested:
    """What came of it: chain by chain, and what could not be checked."""

    chains: tuple[ChainReport, ...]
    unchecked: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether no fault was found."""
        return not any(report.faults for report in self.chains)


async def checkpoint(exchange: Exchange) -> Checkpoint:
    """Where every chain ends now."""
    at = to_micros(exchange.clock())
    return Checkpoint(at, await exchange.store.heads())


async def records(exchange: Exchange) -> int:
    """How many records there are to be verified."""
    return sum(head.number for head in (await exchange.store.heads()).values())


async def attest(exchange: Exchange, since: Checkpoint | None, tell: Tell) -> Attested:
    """Check every chain from its first record to its last, against a checkpoint if there is one."""
    named: Mapping[str, Head] = {} if since is None else since.heads
    kept = await exchange.store.heads()
    paths = {collection.key: collection.path for collection in (await exchange.force.now()).alliance.collections}
    reports: list[ChainReport] = []
    for chain in sorted(kept.keys() | named.keys(), key=lambda chain: (paths.get(chain, chain), chain)):
        inspection = Inspection(chain, {named[chain].number: named[chain].seal} if chain in named else dict[int, bytes]())
        reports.append(await _inspect(exchange, chain, _of(chain, paths), inspection, tell))
    return Attested(tuple(reports), tuple(_unchecked(since, reports, await _without_records(exchange, reports, paths))))


async def _inspect(exchange: Exchange, chain: str, of: str, inspection: Inspection, tell: Tell) -> ChainReport:
    faults = list[str]()
    async for portion in portions(exchange.store, chain, PORTION):
        faults += inspection.take(portion)
        tell(len(portion))
    faults += inspection.end()
    return ChainReport(chain, of, inspection.records, tuple(faults))


def _of(chain: str, paths: Mapping[str, str]) -> str:
    if chain in {ADMINISTRATION, DELIVERIES}:
        return chain
    return paths.get(chain, f"{chain}, which is no collection in force")


async def _without_records(exchange: Exchange, reports: list[ChainReport], paths: Mapping[str, str]) -> list[str]:
    """Collections that hold objects and have no chain."""
    recorded = {report.chain for report in reports}
    return [path for key, path in paths.items() if key not in recorded and await exchange.store.count(key)]


def _unchecked(since: Checkpoint | None, reports: list[ChainReport], without: list[str]) -> list[str]:
    said = [f"{path} holds objects but has no records: they came before records were kept, or its chain is gone" for path in without]
    if since is None:
        said.append(
            "whether ends of chains were cut off, whole chains are gone, or all was sealed anew: only a checkpoint kept elsewhere can show it"
        )
        return said
    made = timestamp(since.at)
    said.append(f"whether ends were cut off that were sealed after the checkpoint of {made}")
    younger = [report.of for report in reports if report.chain not in since.heads]
    said += [f"whether {of} was sealed anew: it is younger than the checkpoint" for of in younger]
    return said
