"""What a marking definition means: STIX 2.1 §7.2 and the dialects in which producers really write TLP.

* Canonical TLP ids (TLP 1 in the STIX standard, TLP 2.0 among the OASIS common objects) mean what the table here says, whatever a posted copy says.
* Known aliases, configured by the secretariat, stand for a level.
* The handling marking (an extension of ours) carries audiences, recipients, embargo, retention and purposes.
* Statements carry no level. Everything else is of an unknown scheme: it closes.

A definition that claims a TLP level under another id, or a statement that looks like one, is refused: taken as harmless it would be a silent downgrade.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, cast

from app.errors import InvalidObject, quoted
from app.stix.handling import Tlp
from app.stix.identifiers import is_identifier
from app.stix.timestamps import parse_timestamp, version_key

TLP_2_EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
HANDLING_EXTENSION: Final = "extension-definition--6f9a2f0e-6f8a-4a0e-9d62-6a7c1b0d9f51"
HANDLING_VERSION: Final = "1.0"
HARMLESS_EXTENSIONS: Final = frozenset({"extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba"})
"""Extensions that producers put on every object and that mark nothing (OpenCTI)."""

_TLP_1: Final = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "white",
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "amber",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
}
_TLP_2: Final = {
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": "clear",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": "amber+strict",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
}
CANONICAL: Final[Mapping[str, Tlp]] = {identifier: Tlp.of(level) for identifier, level in (_TLP_1 | _TLP_2).items()}

AUDIENCE: Final = re.compile(r"(?:(?:org|op|group):[a-z0-9][a-z0-9-]{0,62}|jur:[A-Z]{2})")
PURPOSES: Final = frozenset({"defence", "investigation", "research"})
ONWARD: Final = frozenset({"none", "originator-consent", "tlp"})
"""What a handling marking may say of onward sharing: shown to readers, enforced by nobody here."""
MOST_NAMES: Final = 200
"""In one list of a handling marking: every reader's clearance weighs every name, and a long list belongs into a group or an operation."""

_TERMS: Final = frozenset(
    {
        "extension_type", "handling_version", "releasable_to", "not_releasable_to", "recipients", "embargo_until", "retention_until", "purposes", "onward",
    }
)  # fmt: skip
_LOOKS_LIKE_TLP: Final = re.compile(r"\btlp[\s:_.-]{0,4}(?:v?[12](?:\.0)?[\s:_.-]{0,4})?(?:clear|white|green|amber|red)\b", re.IGNORECASE)
_CLAIMS: Final = ("definition_type", "x_opencti_definition_type")
_TEXTS: Final = ("name", "x_opencti_definition")


class Scheme(StrEnum):
    """The family a marking belongs to."""

    TLP = "tlp"
    STATEMENT = "statement"
    HANDLING = "handling"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a handling marking demands; absent lists restrict nothing, empty ones admit nobody."""

    releasable_to: frozenset[str] | None = None
    not_releasable_to: frozenset[str] = frozenset()
    recipients: frozenset[str] | None = None
    embargo_until: datetime | None = None
    retention_until: datetime | None = None
    purposes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Marking:
    """The meaning of one marking definition. `creator` is its `created_by_ref`: whose terms these are."""

    scheme: Scheme
    tlp: Tlp | None = None
    terms: Terms | None = None
    creator: str | None = None


def built_in(aliases: Mapping[str, Tlp]) -> dict[str, Marking]:
    """The markings that need no definition: canonical ids and the alliance's aliases; no alias redefines a canonical id."""
    return {identifier: Marking(Scheme.TLP, tlp=level) for identifier, level in ({**aliases, **CANONICAL}).items()}


def marking_refs(content: Mapping[str, object]) -> Iterator[str]:
    """The ids of all markings on an object, those of its parts included; `lang` entries mark nothing (STIX 2.1 §7.2.3)."""
    yield from _strings(content.get("object_marking_refs"))
    for entry in _members(content.get("granular_markings")):
        reference = _properties(entry).get("marking_ref")
        if isinstance(reference, str):
            yield reference


def read_definition(content: Mapping[str, object], aliases: Mapping[str, Tlp]) -> Marking:
    """What a marking definition means. Raises InvalidObject if it is spoofed, disguised or malformed."""
    identifier = str(content.get("id"))
    if identifier in CANONICAL:
        _refuse_unless_canonical(identifier, content)
        return Marking(Scheme.TLP, tlp=CANONICAL[identifier])
    if identifier in aliases:
        return Marking(Scheme.TLP, tlp=aliases[identifier])
    _refuse_disguised(content)
    creator = content.get("created_by_ref")
    owner = creator if isinstance(creator, str) else None
    extensions = _properties(content.get("extensions"))
    schemes = extensions.keys() - HARMLESS_EXTENSIONS
    if HANDLING_EXTENSION in schemes:
        terms = _read_terms(extensions[HANDLING_EXTENSION]) if schemes == {HANDLING_EXTENSION} else None
        return Marking(Scheme.UNKNOWN, creator=owner) if terms is None else Marking(Scheme.HANDLING, terms=terms, creator=owner)
    if content.get("definition_type") == "statement" and not schemes:
        return Marking(Scheme.STATEMENT, creator=owner)
    return Marking(Scheme.UNKNOWN, creator=owner)


def _refuse_unless_canonical(identifier: str, content: Mapping[str, object]) -> None:
    """A copy may be stored and served only if it says what the table says: clients believe the bytes they get."""
    level = _TLP_1.get(identifier) or _TLP_2[identifier]
    name = f"TLP:{level.upper()}"
    expected: dict[str, object] = {"type": "marking-definition", "spec_version": "2.1", "id": identifier}
    if identifier in _TLP_1:
        expected |= {"created": "2017-01-20T00:00:00", "definition_type": "tlp", "definition": {"tlp": level}}
    else:
        extension = {"extension_type": "property-extension", "tlp_2_0": level}
        expected |= {"created": "2022-10-01T00:00:00", "extensions": {TLP_2_EXTENSION: extension}}
    posted = dict(content)
    posted["created"] = version_key(str(posted.get("created")))
    if posted.pop("name", name) != name or posted != expected:
        msg = f"{quoted(identifier)} is a TLP marking with a fixed meaning and this copy differs from it; leave the definition out"
        raise InvalidObject(msg)


def _refuse_disguised(content: Mapping[str, object]) -> None:
    claims_level = any(str(content.get(claim, "")).lower() == "tlp" for claim in _CLAIMS)
    if claims_level or TLP_2_EXTENSION in _properties(content.get("extensions")):
        msg = "this marking claims a TLP level under an id that is not the canonical one; use the canonical marking definition"
        raise InvalidObject(msg)
    texts = [*(content.get(name) for name in _TEXTS), *_properties(content.get("definition")).values()]
    if any(isinstance(text, str) and _LOOKS_LIKE_TLP.search(text) for text in texts):
        msg = "this marking is text that looks like a TLP level, which would not bind; use the canonical marking definition"
        raise InvalidObject(msg)


def _read_terms(value: object) -> Terms | None:
    """The terms, or None for a version of the extension that is not known here: such a marking closes."""
    if not isinstance(value, dict):
        msg = "the handling extension must be an object"
        raise InvalidObject(msg)
    extension = _properties(cast("object", value))
    if extension.get("handling_version") != HANDLING_VERSION:
        return None
    _refuse_unknown(extension)
    recipients = _names(extension, "recipients")
    _refuse_unless(recipients, is_identifier, "recipients", "identity ids")
    purposes = _names(extension, "purposes")
    _refuse_unless(purposes, PURPOSES.__contains__, "purposes", ", ".join(sorted(PURPOSES)))
    excluded = _audiences(extension, "not_releasable_to")
    return Terms(
        releasable_to=_audiences(extension, "releasable_to"),
        not_releasable_to=frozenset() if excluded is None else excluded,
        recipients=recipients,
        embargo_until=_instant(extension, "embargo_until"),
        retention_until=_instant(extension, "retention_until"),
        purposes=purposes,
    )


def _refuse_unknown(extension: Mapping[str, object]) -> None:
    """A restriction that is misspelled would bind nobody."""
    unknown = sorted(extension.keys() - _TERMS)
    if unknown:
        msg = f"the handling marking has {quoted(unknown[0])}, which nobody here understands; it takes {', '.join(sorted(_TERMS))}"
        raise InvalidObject(msg)
    onward = extension.get("onward", "none")
    if not isinstance(onward, str) or onward not in ONWARD:
        msg = f"`onward` of the handling marking has {quoted(onward)}; it takes {', '.join(sorted(ONWARD))}"
        raise InvalidObject(msg)


def _audiences(extension: Mapping[str, object], name: str) -> frozenset[str] | None:
    names = _names(extension, name)
    _refuse_unless(
        names, lambda text: AUDIENCE.fullmatch(text) is not None, name, "audiences such as `org:ng-cert`, `jur:NG`, `group:` or `op:`"
    )
    return names


def _names(extension: Mapping[str, object], name: str) -> frozenset[str] | None:
    value = extension.get(name)
    if value is None:
        return None
    names = frozenset(_strings(value))
    if not isinstance(value, list) or len(names) != len(_members(cast("object", value))):
        msg = f"`{name}` of the handling marking must be a list of different strings"
        raise InvalidObject(msg)
    if len(names) > MOST_NAMES:
        msg = f"`{name}` of the handling marking has {len(names)} names; at most {MOST_NAMES} are taken, name a group or an operation"
        raise InvalidObject(msg)
    return names


def _refuse_unless(names: frozenset[str] | None, fits: Callable[[str], bool], name: str, wanted: str) -> None:
    wrong = sorted(text for text in names or () if not fits(text))
    if wrong:
        msg = f"`{name}` of the handling marking has {quoted(wrong[0])}; it takes {wanted}"
        raise InvalidObject(msg)


def _instant(extension: Mapping[str, object], name: str) -> datetime | None:
    value = extension.get(name)
    if value is None:
        return None
    try:
        return parse_timestamp(value if isinstance(value, str) else "")
    except ValueError as error:
        msg = f"`{name}` of the handling marking must be a timestamp, not {quoted(value)}"
        raise InvalidObject(msg) from error


def _strings(value: object) -> Iterator[str]:
    return (member for member in _members(value) if isinstance(member, str))


def _members(value: object) -> list[object]:
    """The members of a list; none of anything else."""
    return cast("list[object]", value) if isinstance(value, list) else []


def _properties(value: object) -> dict[str, object]:
    """The properties of an object; none of anything else."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
