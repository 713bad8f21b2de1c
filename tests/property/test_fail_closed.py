"""Fail closed (DESIGN 2, promise 4; access-policy 6, property 6): what cannot be understood, found or evaluated is a no, whatever else would say yes.

* A question with a fault in it, or asked of an engine that errs, is denied: who gets an answer, gets it from policies that were evaluated whole.
* An object whose markings are not understood is refused with a reason, and nobody is shown anything of it; what came beside it is kept.
* Files of an alliance that are spoilt are refused, or understood; nothing else happens, and what is in force stays in force.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import cedarpy
import orjson
import pytest
from alliances import SMALL, write_files
from deeds import all_versions, hand_world, handling, put
from questions import NOW, Dice, world
from worlds import CLIENTS, GREEN, RED, World, indicator, object_id

from app.access.alliance import Alliance
from app.access.cedar import CedarJudge
from app.access.decision import Question
from app.configuration import read_alliance
from app.errors import ConfigurationError
from app.sharing import add
from app.sharing.exchange import Address

SHORT: Final = 40
BATCH: Final = 10
OVERFLOWS: Final = '@id("errs") @doc("errs under every level but TLP:CLEAR")\n{} (principal, action, resource)\nwhen {{ {} }};\n'
_CONDITION: Final = "context has label && context.label.tlp + 9223372036854775807 > 0"


# ---- questions


@cache
def judge(without: str = "", effect: str = "") -> CedarJudge:
    """A judge of the world: of one that knows an organisation no more, or has a policy that errs."""
    alliance = world()
    organisations = {name: each for name, each in alliance.organisations.items() if name != without}
    policies = alliance.policies | ({"errs.cedar": OVERFLOWS.format(effect, _CONDITION)} if effect else {})
    return CedarJudge(Alliance.model_validate(alliance.model_dump() | {"organisations": organisations, "policies": policies}))


def forgotten(question: Question, dice: random.Random) -> bool:
    """The alliance has lost an originator."""
    assert question.label is not None
    who = dice.choice(question.label.parts).originator
    return judge(without=who).decide(question, NOW).allowed and question.action.value not in _ABOUT_NO_ORIGINATOR


def garbled(question: Question, dice: random.Random) -> bool:
    """A value of the label is of no kind that policies know."""
    name = dice.choice(["tlp", "originator", "submitter", "recipients", "releasable_to", "embargo_until", "purposes", "state"])
    label: Any = replace(question.label, **{name: object()})  # type: ignore[type-var] # that is the fault
    return judge().decide(question._replace(label=label), NOW).allowed


def erring(question: Question, dice: random.Random) -> bool:
    """A policy fails while it is evaluated: a permission or a prohibition."""
    assert question.label is not None
    answer = judge(effect=dice.choice(["permit", "forbid"])).decide(question, NOW)
    return answer.allowed and min(part.tlp for part in question.label.parts) > 0


def broken(question: Question, _dice: random.Random) -> bool:
    """The engine raises."""

    def raising(*_: object) -> None:
        raise RuntimeError("the engine is broken")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cedarpy, "is_authorized_batch", raising)
        return judge().decide(question, NOW).allowed


_ABOUT_NO_ORIGINATOR: Final = frozenset({"discover", "hold", "administrate", "readAudit", "explain", "delete", "revoke"})
"""Deeds that no originator's restriction stops."""
FAULTS: Final = (forgotten, garbled, erring, broken)


def prove_questions(seed: int, _folder: Path) -> int:
    """Ask soundly, and with each fault; how many questions would have been allowed without one."""
    dice = random.Random(seed)
    questions = [each for each in Dice(world(), dice).batch(BATCH) if each.label is not None]
    for question in questions:
        for fault in FAULTS:
            assert not fault(question, dice), (seed, fault.__name__, question)
    return sum(answer.allowed for answer in judge().decide_many(questions, NOW))


def test_promise_4_a_question_with_a_fault_is_denied(tmp_path: Path) -> None:
    assert sum(prove_questions(seed, tmp_path) for seed in range(SHORT)) > SHORT // 4


# ---- objects


Content = dict[str, Any]


def _marked(*references: str, **more: Any) -> Content:
    return indicator(object_marking_refs=list(references), **more)


def _with(definition: Content) -> list[Content]:
    return [definition, _marked(GREEN, definition["id"])]


def _definition(**more: Any) -> Content:
    base = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": object_id("marking-definition"),
        "created": "2026-01-01T00:00:00.000Z",
    }
    return {**base, **more}


def _extended(extension: str, **more: Any) -> Content:
    return _definition(extensions={extension: {"extension_type": "property-extension", **more}})


MISUNDERSTOOD: Final[dict[str, Callable[[], list[Content]]]] = {
    "a marking that is not there": lambda: [_marked(GREEN, object_id("marking-definition"))],
    "a part under a marking that is not there": lambda: [
        _marked(GREEN, granular_markings=[{"marking_ref": object_id("marking-definition"), "selectors": ["name"]}])
    ],
    "terms of another version": lambda: _with(handling(handling_version="2.0")),
    "terms that are no list": lambda: _with(handling(releasable_to="org:ng-cert")),
    "an audience of no kind": lambda: _with(handling(releasable_to=["everybody"])),
    "a term that nobody defined": lambda: _with(handling(only_on_sundays=True)),
    "a scheme of others": lambda: _with(_extended("extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce", control_set="none")),
    "a level in disguise": lambda: _with(_definition(definition_type="statement", definition={"statement": "TLP:CLEAR"})),
    "a level under another id": lambda: _with(_definition(definition_type="tlp", definition={"tlp": "white"}, name="TLP:WHITE")),
    "red for nobody": lambda: [_marked(RED)],
}


async def _refused(world: World, dice: random.Random) -> str:
    name = dice.choice(sorted(MISUNDERSTOOD))
    wrong, right = MISUNDERSTOOD[name](), [indicator() for _ in range(dice.randint(0, 2))]
    sent = [*wrong, *right]
    dice.shuffle(sent)
    status = await put(world, "ng-cert/misp", "members/alliance", *sent)
    refused = {each.id: each.message for each in status.failures or ()}
    assert wrong[-1]["id"] in refused, (name, status)
    assert refused[wrong[-1]["id"]], name
    assert not {each["id"] for each in right} & set(refused), (name, status)
    return str(wrong[-1]["id"])


async def _twice_keyed(world: World) -> str:
    """One key, two values: whoever reads it may take the other one."""
    content = indicator()
    text = orjson.dumps(content).replace(b"{", b'{"object_marking_refs":["%b"],' % RED.encode(), 1)
    status = await add.add(world.exchange, "ng-cert/misp", Address("members", "alliance"), b'{"objects":[%b]}' % text)
    assert status.failure_count == 1
    return str(content["id"])


async def _prove_objects(seed: int) -> int:
    world, _ = await hand_world()
    dice = random.Random(seed)
    refused = {await _refused(world, dice) for _ in range(6)} | {await _twice_keyed(world)}
    shown = {each for client in _READERS for each, _ in await all_versions(world, client, "members/alliance")}
    assert not refused & shown, seed
    return len(shown)


_READERS: Final = tuple(client for client in CLIENTS if client in {"ng-cert/misp", "ng-cert/desk", "ke-cert/misp", "secretariat/editor"})


def prove_objects(seed: int, _folder: Path) -> int:
    """Send objects that cannot be understood among others; how many others are shown."""
    return asyncio.run(_prove_objects(seed))


def test_promise_4_what_is_not_understood_is_refused_and_shown_to_nobody(tmp_path: Path) -> None:
    assert sum(prove_objects(seed, tmp_path) for seed in range(SHORT // 4)) > SHORT // 4


# ---- files


def _spoilt(text: str, dice: random.Random) -> str:
    start, length = dice.randrange(len(text)), dice.choice([1, 1, 2, 8, 40])
    cut = text[start : start + length]
    return text[:start] + dice.choice(["", cut * 2, cut[::-1], dice.choice('"[]={}#\n\x00é'), cut.swapcase()]) + text[start + length :]


def prove_files(seed: int, folder: Path) -> int:
    """Spoil one file of an alliance; 1 if it was refused."""
    dice = random.Random(seed)
    files = dict(SMALL)
    name = dice.choice(sorted(files))
    files[name] = _spoilt(files[name], dice)
    where = folder / str(seed)
    write_files(where, files)
    with suppress(ConfigurationError):
        read = read_alliance(where)
        assert Alliance.model_validate_json(read.to_document()) == read, (seed, name)
        return 0
    return 1


def test_promise_4_spoilt_files_are_refused_or_understood(tmp_path: Path) -> None:
    assert sum(prove_files(seed, tmp_path) for seed in range(SHORT)) > SHORT // 4
