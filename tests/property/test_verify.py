"""Verify finds nothing wrong with what deeds wrote, however they came together, nor with what fell due afterwards."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from property.dates import Dates
from property.histories import history
from property.stage import MAKERS, open_stage

from app.sharing.schedule import duties
from app.sharing.verify import Verification, verify

SHORT: Final = {"memory": 15, "sqlite": 4}
"""Histories: one on a disk costs more."""


async def verified(store: str, folder: Path, seed: int) -> list[Verification]:
    """What is found after the deeds of a history, and after the duties that follow."""
    async with open_stage(MAKERS[store](folder), Dates()) as stage:
        for step, deed in enumerate(history(seed)):
            await stage.do(step, deed, deed.seconds)
        before = await verify(stage.exchange, lambda _: None)
        stage.clock.go(days=200)
        for duty in duties(stage.exchange, timedelta(0)):
            while (await duty()).more:
                pass
        return [before, await verify(stage.exchange, lambda _: None)]


def prove_one(seed: int, folder: Path, store: str = "memory") -> int:
    """Verify what one history left; how many versions were walked over."""
    found = asyncio.run(verified(store, folder, seed))
    for each in found:
        assert each.is_sound, (seed, each.findings, each.faults)
    return sum(walked.versions for each in found for walked in each.walked)


@pytest.mark.parametrize("store", MAKERS)
def test_promise_5_what_deeds_leave_is_sound(store: str, tmp_path: Path) -> None:
    assert sum(prove_one(seed, tmp_path, store) for seed in range(SHORT[store])) > 10 * SHORT[store]
