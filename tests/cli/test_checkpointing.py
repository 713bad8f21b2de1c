"""A server writes checkpoints by itself, one at a time, and refuses to start if it cannot."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from deeds import START, HandClock, hand_world, keep
from desks import PATIENCE, Desk, serving
from worlds import World, indicator

from app.audit.checkpoint import make_key, read, signing_key
from app.bootstrap import Settings
from app.cli.checkpointing import Checkpoints, checkpoints_of
from app.errors import ConfigurationError
from app.sharing.due import Round

PRIVATE, _ = make_key()
KEY = signing_key(PRIVATE)
DAY = timedelta(days=1)


@pytest.fixture
async def scene(tmp_path: Path) -> tuple[World, HandClock, Checkpoints]:
    world, clock = await hand_world()
    return world, clock, Checkpoints(tmp_path, KEY, DAY)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def test_the_first_comes_at_once_and_the_next_when_it_is_due(scene: tuple[World, HandClock, Checkpoints]) -> None:
    world, clock, checkpoints = scene
    assert await checkpoints.keep(world.exchange) == Round(1, next=START + DAY)
    clock.go(hours=23)
    assert await checkpoints.keep(world.exchange) == Round(0, next=START + DAY)
    assert names(checkpoints.folder) == ["checkpoint-20260301T120000.000000Z.jws"]
    clock.go(hours=1)
    await keep(world, "ng-cert/misp", "members/alliance", indicator())
    assert await checkpoints.keep(world.exchange) == Round(1, next=START + 2 * DAY)
    first, second = (read((checkpoints.folder / name).read_text(), KEY) for name in names(checkpoints.folder))
    assert second.heads == await world.exchange.store.heads()
    assert len(second.heads) == len(first.heads) + 1


async def test_what_is_no_checkpoint_does_not_count_nor_does_one_from_the_future(scene: tuple[World, HandClock, Checkpoints]) -> None:
    world, _, checkpoints = scene
    for name in ("notes.txt", "checkpoint-20269901T120000.000000Z.jws", "checkpoint-20270301T120000.000000Z.jws"):
        (checkpoints.folder / name).touch()
    assert (await checkpoints.keep(world.exchange)).done == 1


async def test_what_cannot_be_written_is_told_and_leaves_nothing(scene: tuple[World, HandClock, Checkpoints], tmp_path: Path) -> None:
    world, _, _ = scene
    with pytest.raises(ConfigurationError, match="cannot be looked into"):
        await Checkpoints(tmp_path / "gone", KEY, DAY).keep(world.exchange)


def test_what_the_settings_say_is_checked_before_anything_is_served(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(PRIVATE)
    assert checkpoints_of(Settings(store="memory:")) is None
    found = checkpoints_of(Settings(store="memory:", checkpoint_key=key, checkpoint_dir=tmp_path, checkpoint_every=2))
    assert found is not None
    assert (found.folder, found.every) == (tmp_path, timedelta(hours=2))
    for changes, problem in (
        ({"checkpoint_dir": None}, "need both"),
        ({"checkpoint_key": None}, "need both"),
        ({"checkpoint_key": tmp_path / "none"}, "cannot be read"),
        ({"checkpoint_dir": key}, "is no folder"),
        ({"checkpoint_dir": tmp_path / "none"}, "is no folder"),
    ):
        with pytest.raises(ConfigurationError, match=problem):
            checkpoints_of(Settings(store="memory:", **{"checkpoint_key": key, "checkpoint_dir": tmp_path, **changes}))


def test_one_is_written_by_one_of_the_workers(desk: Desk) -> None:
    key, folder = desk.folder / "key", desk.folder / "kept"
    folder.mkdir()
    assert desk.run("audit", "key", str(key)).code == 0
    with serving(desk, "--workers", "2", "--checkpoint-dir", str(folder), LEGATION_CHECKPOINT_KEY=str(key)) as server:
        deadline = time.monotonic() + PATIENCE
        while not (written := [name for name in names(folder) if not name.startswith(".")]):
            assert time.monotonic() < deadline, "no checkpoint is written"
            time.sleep(0.02)
        assert server.stop() == 0
    assert names(folder) == written
    done = desk.run("audit", "verify", "--since", str(folder / written[0]), "--key", f"{key}.pub", "--json")
    assert (done.code, done.json["whole"]) == (0, True)
    log = (desk.folder / "log").read_text()
    assert "duties_put_off" not in log
    assert "Traceback" not in log


def test_a_server_without_its_key_does_not_start(desk: Desk) -> None:
    done = desk.run("serve", "--checkpoint-key", str(desk.folder / "none"), "--checkpoint-dir", str(desk.folder))
    assert done.code == 1
    assert "cannot be read" in done.err
