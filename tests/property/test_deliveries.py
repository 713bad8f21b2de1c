"""Every delivery on record (DESIGN 2, promise 5; access-policy 6, property 10): each page with objects has exactly one record, of just the versions on it.

What brings no object leaves none: empty pages, manifests, lists of versions, refusals, deeds. Beside that every chain of records holds together.
"""

import asyncio
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from property.dates import Dates
from property.histories import history, ids_of, touched
from property.observing import Observer
from property.proving import OBSERVERS
from property.stage import Answer, Stage, in_memory, open_stage

from app.audit.deliveries import Delivery
from app.sharing.attest import attest
from app.store.memory import MemoryStore

SHORT: Final = 8
LOOKERS: Final = 3
_OBJECTS: Final = re.compile(r"/[^/]+/collections/[^/]+/objects/([^/]+/)?(\?.*)?")


@dataclass
class Register:
    """Asks in a stage's stead, and holds what is put on record meanwhile against what was answered."""

    stage: Stage
    delivered: int = 0
    seen: int = 0

    @property
    def store(self) -> MemoryStore:
        """The store, whose records are looked at as they are."""
        assert isinstance(self.stage.exchange.store, MemoryStore)
        return self.stage.exchange.store

    def new(self) -> list[Delivery]:
        """What was put on record since the last time."""
        found = [each.delivery for each in self.store._records.deliveries[self.seen :]]
        self.seen += len(found)
        return found

    async def send(self, method: str, target: str, token: bytes, body: bytes) -> Answer:
        """Ask, and compare."""
        answer = await self._ask(method, target, token, body)
        objects = answer.document.get("objects", []) if answer.status == 200 and _OBJECTS.fullmatch(target) else []
        recorded = self.new()
        assert len(recorded) == bool(objects), (target, recorded)
        for delivery in recorded:
            client = next((name for name, kept in self.stage.tokens.items() if kept == token), "")
            epoch = await self.store.epoch()
            assert (delivery.client, delivery.epoch) == (client, epoch), (target, delivery)
            rows = [self.store._state.collections[delivery.collection].rows[row] for row in delivery.rows]
            told = [(each["id"], each.get("modified") or each.get("created")) for each in objects]
            kept = [(row.object_id, None if row.object_id.startswith("ipv4-addr") else row.version) for row in rows]
            assert sorted(told, key=str) == sorted(kept, key=str), (target, delivery)
            self.delivered += len(rows)
        return answer

    def __post_init__(self) -> None:
        self._ask, self.stage.send = self.stage.send, self.send


async def _play(seed: int, folder: Path) -> int:
    dice, deeds = random.Random(seed), history(seed)
    observers = [Observer(client) for client in dice.sample(OBSERVERS, LOOKERS)]
    async with open_stage(in_memory(folder), Dates()) as stage:
        register = Register(stage)
        for step, deed in enumerate(deeds):
            await stage.do(step, deed, deed.seconds)
            assert not register.new(), deed
            for observer in observers if step % 7 == 6 else ():
                await observer.look(stage, touched(deeds), ids_of(deeds), in_full=True)
        attested = await attest(stage.exchange, None, lambda _: None)
        assert attested.is_whole, attested
    return register.delivered


def prove_one(seed: int, folder: Path) -> int:
    """Play a history while some look; how many delivered versions were on record."""
    return asyncio.run(_play(seed, folder))


def test_promise_5_each_page_with_objects_has_one_record_of_just_its_versions(tmp_path: Path) -> None:
    """Access-policy 6, property 10."""
    assert sum(prove_one(seed, tmp_path) for seed in range(SHORT)) > 50 * SHORT
