"""Verify finds nothing wrong with what deeds wrote, however they came together, nor with what fell due afterwards."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from property.dates import Dates
from property.histories import history
from property.stage import MAKERS, open_stage

from app.sharing.schedule import duties
from app.sharing.verify import Verification, verify

EXAMPLES: Final = max(4, int(os.environ.get("LEGATION_PROVE_EXAMPLES", "40")) // 2)


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


@pytest.mark.parametrize("store", MAKERS)
def test_what_deeds_leave_is_sound(store: str, tmp_path: Path) -> None:
    versions = 0
    for seed in range(EXAMPLES if store == "memory" else EXAMPLES // 4):
        for found in asyncio.run(verified(store, tmp_path, seed)):
            assert found.is_sound, (seed, found.findings, found.faults)
            versions += sum(each.versions for each in found.walked)
    assert versions > 5 * EXAMPLES // 4
