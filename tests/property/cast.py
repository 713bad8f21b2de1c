"""The cast of the histories: organisations, clients, collections, markings; and how the alliance of a history may change while it goes on.

A change sets one thing to one value, whatever it was before. So a change can be left out, and those after it still mean the same.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

import worlds
from worlds import GREEN, NG_IDENTITY, collection_id

from app.access.alliance import Alliance, Collection, Group, Organisation
from app.access.principal import ANONYMOUS, PUBLIC_AUDIENCE, Principal
from app.stix.markings import HANDLING_EXTENSION

Content: TypeAlias = dict[str, Any]


def fixed(kind: str, name: str) -> str:
    """A STIX id that is the same in every run."""
    return f"{kind}--{UUID(bytes=uuid5(NAMESPACE_URL, f'legation:{kind}:{name}').bytes, version=4)}"


ALLIANCE, NATIONAL, EXCHANGE, OPERATION = "members/alliance", "members/ng-indicators", "exchange/knowledge", "operations/afjoc"
INTAKE, LABS_INTAKE, PUBLIC, DROPBOX = "intake/vendor", "intake/labs", "public/advisories", "members/dropbox"
PATHS: Final = (ALLIANCE, NATIONAL, EXCHANGE, OPERATION, INTAKE, LABS_INTAKE, PUBLIC, DROPBOX)
INTAKES: Final = (INTAKE, LABS_INTAKE)

KE_IDENTITY, ZA_IDENTITY, UNREGISTERED = (fixed("identity", name) for name in ("ke-cert", "za-cert", "nobody"))
OWN_IDENTITY: Final = {"ng-cert": NG_IDENTITY, "ke-cert": KE_IDENTITY, "za-cert": ZA_IDENTITY}
DESKS: Final = {name: fixed("identity", f"{name} desk") for name in OWN_IDENTITY}

CURATOR, KE_CURATOR, COMPLIANCE, OFFICER = "secretariat/curator", "ke-cert/curator", "secretariat/compliance", "secretariat/officer"
CURATORS: Final = {INTAKE: CURATOR, LABS_INTAKE: KE_CURATOR}
"""Who releases from which intake; the secretariat's curator may from both."""
WRITERS: Final = {
    ALLIANCE: ("ng-cert/misp", "ng-cert/strict", "ke-cert/misp", "ke-cert/strict", "za-cert/misp", "secretariat/editor"),
    NATIONAL: ("ng-cert/misp", "ng-cert/strict"),
    EXCHANGE: ("ng-cert/misp", "ke-cert/misp", "za-cert/misp"),
    OPERATION: ("ng-cert/misp", "ke-cert/misp"),
    INTAKE: ("vendor/push",),
    LABS_INTAKE: ("labs/push",),
    PUBLIC: ("secretariat/editor",),
    DROPBOX: ("ng-cert/misp",),
}

INDICATORS: Final = tuple(fixed("indicator", str(number)) for number in range(6))
ADDRESSES: Final = tuple(fixed("ipv4-addr", str(number)) for number in range(3))
LINKS: Final = (*(fixed("relationship", str(number)) for number in range(2)), fixed("note", "0"))
"""What refers to others: one end to the other, or to a few at once."""
UNKNOWN_ID: Final = fixed("indicator", "unknown")
IDENTITIES: Final = (fixed("identity", "bank"), UNREGISTERED)
"""Sent as objects: one that created nothing, and one that created much."""

LISTS: Final[tuple[Content, ...]] = (
    {"releasable_to": ["org:ng-cert"]},
    {"releasable_to": ["jur:KE"]},
    {"releasable_to": ["org:za-cert", "org:ke-cert"]},
    {"releasable_to": ["group:secretariat", "jur:NG"]},
    {"releasable_to": []},
    {"recipients": [DESKS["ke-cert"]]},
    {"recipients": [DESKS["ng-cert"], DESKS["za-cert"]]},
    {"embargo_until": "2026-06-01T00:00:00.000Z"},
    {"retention_until": "2026-03-03T00:00:00.000Z"},
    {"purposes": ["research"]},
    {"embargo_until": "2026-03-02T06:00:00.000Z"},
    {"embargo_until": "2026-03-01T18:00:00.000Z", "recipients": [DESKS["za-cert"]]},
    {"releasable_to": ["group:certs"]},
    {"releasable_to": ["op:afjoc", "org:vendor"]},
)
TERMS: Final = tuple(range(len(LISTS)))
WEIGHTS: Final = tuple(2 if "embargo_until" in terms else 3 if "releasable_to" in terms else 1 for terms in LISTS)


def terms_of(organisation: str, which: int) -> Content:
    """The handling marking number `which` of an organisation: always the same, so that it can be sent again."""
    return {
        "type": "marking-definition", "spec_version": "2.1", "id": fixed("marking-definition", f"{organisation}:{which}"),
        "created": "2026-01-01T00:00:00.000Z", "name": f"terms {which} of {organisation}", "object_marking_refs": [GREEN],
        "extensions": {HANDLING_EXTENSION: {"extension_type": "property-extension", "handling_version": "1.0", **LISTS[which]}},
    }  # fmt: skip


_TRUSTED: Final = ("reader", "contributor", "releaser")


def _member(organisation: str, name: str, jurisdiction: str) -> Organisation:
    clients: dict[str, dict[str, Any]] = {
        "misp": {"roles": _TRUSTED},
        "strict": {"roles": _TRUSTED, "unmarked": "amber+strict"},
        "desk": {"roles": ("reader", "red-reader"), "identities": [DESKS[organisation]]},
        "feed": {"roles": ("reader",), "scope": "constituency"},
        "opencti": {"roles": ("reader",), "compatibility": ("millisecond-dates", "spec-version-first", "empty-objects-list")},
    }
    clients["auditor"] = {"roles": ("auditor",)}
    if organisation == "ke-cert":
        clients["curator"] = {"roles": ("reader", "curator")}
    whole = {"kind": "member", "name": name, "jurisdiction": jurisdiction, "identities": [OWN_IDENTITY[organisation]], "clients": clients}
    return Organisation.model_validate(whole)


def _partner(name: str) -> Organisation:
    clients = {"push": {"roles": ("reader", "contributor")}, "auditor": {"roles": ("auditor",)}}
    return Organisation.model_validate({"kind": "partner", "name": name, "clients": clients})


def _secretariat() -> Organisation:
    clients = {
        "curator": ("reader", "curator"),
        "editor": ("reader", "contributor"),
        "compliance": ("compliance",),
        "officer": ("dpo",),
        "auditor": ("auditor",),
    }
    whole = {"kind": "secretariat", "name": "Secretariat", "clients": {name: {"roles": roles} for name, roles in clients.items()}}
    return Organisation.model_validate(whole)


def _collections() -> Iterator[Collection]:
    """Those of the small world, with more writers, and a member's own intake."""
    changes: dict[str, dict[str, Any]] = {
        ALLIANCE: {"writers": frozenset({"group:members", "group:secretariat"}), "red_recipients": frozenset({"user:ke-cert/desk"})},
        OPERATION: {"readers": frozenset({"org:ng-cert", "group:certs"}), "writers": frozenset({"org:ng-cert", "org:ke-cert"})},
        INTAKE: {"release_to": (ALLIANCE, EXCHANGE)},
    }
    for each in worlds.COLLECTIONS:
        yield each.model_copy(update=changes.get(each.path, {}))
        if each.path == INTAKE:
            who = frozenset({"org:labs"})
            mine = {"name": "labs", "id": collection_id(LABS_INTAKE), "title": "labs", "owner": "ke-cert", "readers": who, "writers": who}
            yield each.model_copy(update={**mine, "release_to": (ALLIANCE, OPERATION)})


class Change(NamedTuple):
    """One thing that a reload sets: `what` of whom (`name`) becomes `value`."""

    what: str
    name: str
    value: Any


Changes: TypeAlias = tuple[Change, ...]
"""What differs from the alliance at the start, one change for each thing, sorted."""

POSSIBLE: Final[dict[tuple[str, str], tuple[Any, ...]]] = {
    ("withhold", "ng-cert"): (("org:za-cert",), ("jur:KE", "group:partners"), ("group:secretariat",), ()),
    ("withhold", "ke-cert"): (("org:za-cert",), ("group:certs",), ("org:vendor", "group:secretariat"), ()),
    ("withhold", "vendor"): (("org:ke-cert",), ("group:secretariat",), ()),
    ("active", "za-cert"): (False, True),
    ("active", "ke-cert"): (False, True),
    ("active", "vendor"): (False, True),
    ("active", "xx-cert"): (True, False),
    ("agreement", "vendor"): (date(2026, 3, 1), date(2020, 1, 31), None),
    ("members", "certs"): (("ng-cert",), ("za-cert", "ng-cert"), ("ke-cert", "za-cert"), ("ng-cert", "ke-cert")),
    ("roles", "ke-cert/misp"): (("contributor",), ("reader",), _TRUSTED),
    ("roles", "za-cert/desk"): (("reader",), ("reader", "red-reader")),
    ("roles", "za-cert/misp"): (("reader", "contributor"), _TRUSTED),
    ("purposes", "ke-cert/feed"): (("research",), ()),
    ("scope", "za-cert/opencti"): ("constituency", "organisation"),
    ("unmarked", "ng-cert/misp"): ("amber", "red", None),
    ("readers", EXCHANGE): (("group:members",), ("group:members", "org:vendor"), ("group:members", "group:partners")),
    ("readers", NATIONAL): (("org:ng-cert", "org:ke-cert"), ("group:members",), ("group:members", "group:secretariat")),
    ("readers", DROPBOX): (("org:ke-cert", "org:za-cert"), ("org:ke-cert",)),
    ("state", OPERATION): ("closing", "closed", "open"),
    ("state", EXCHANGE): ("closed", "open"),
    ("title", OPERATION): ("afjoc goes on", "afjoc"),
    ("title", DROPBOX): ("letter box", "dropbox"),
    ("unmarked", EXCHANGE): ("clear", "green"),
}
"""What may change in a history, and to which values."""


def changed(changes: Changes, change: Change) -> Changes:
    """The changes with one more, in the place of an earlier one of the same thing."""
    others = {(each.what, each.name): each for each in changes} | {(change.what, change.name): change}
    return tuple(others[key] for key in sorted(others))


class _Written(Alliance):
    """An alliance whose document is written once: it is put in force in every history."""

    @cached_property
    def _document(self) -> bytes:
        return super().to_document()

    def to_document(self) -> bytes:
        """The same bytes."""
        return self._document


@lru_cache(maxsize=512)
def alliance(changes: Changes = ()) -> Alliance:
    """The small alliance with a third member and a second partner, after these changes."""
    members = {"ng-cert": ("Nigeria CERT", "NG"), "ke-cert": ("Kenya CERT", "KE"), "za-cert": ("South Africa CERT", "ZA")}
    organisations = {**worlds.ORGANISATIONS, **{name: _member(name, *more) for name, more in members.items()}}
    organisations |= {"labs": _partner("Labs"), "secretariat": _secretariat()}
    groups = {"certs": Group(name="CERTs", members=frozenset({"ng-cert", "ke-cert"}))}
    collections = {each.path: each for each in _collections()}
    for each in changes:
        if each.what == "members":
            groups[each.name] = groups[each.name].model_copy(update={"members": frozenset(each.value)})
        elif each.name in collections:
            collections[each.name] = _with(collections[each.name], each)
        else:
            name, _, client = each.name.partition("/")
            organisations[name] = _with_client(organisations[name], client, each) if client else _with(organisations[name], each)
    whole = worlds.alliance(0, organisations=organisations, groups=groups, collections=tuple(collections.values()))
    return _Written.model_construct(**{name: getattr(whole, name) for name in Alliance.model_fields})


_FIELDS: Final = {"withhold": "withhold_from", "agreement": "agreement_until"}


def _with(model: Any, change: Change) -> Any:
    """A model in which one field is another: by way of its JSON, so that it is valid."""
    value = list(change.value) if isinstance(change.value, tuple) else change.value
    return type(model).model_validate({**model.model_dump(), _FIELDS.get(change.what, change.what): value})


def _with_client(organisation: Organisation, client: str, change: Change) -> Organisation:
    clients = {**organisation.clients, client: _with(organisation.clients[client], change)}
    return organisation.model_copy(update={"clients": clients})


def principal(name: str, changes: Changes = ()) -> Principal:
    """Who a client is after these changes; the anonymous public for the empty name."""
    return (alliance(changes).principal(name) or ANONYMOUS) if name else ANONYMOUS


@lru_cache(maxsize=4096)
def concerned(before: Changes, after: Changes) -> frozenset[str]:
    """The organisations that can notice the difference: what they are or may do changes, what is withheld from them, or a collection of theirs.

    The anonymous public is the one without a name.
    """
    old, new = alliance(before), alliance(after)
    found = {name for name in new.organisations if _is_another(old, new, name)}
    lists = [*_differences(old, new)]
    for name in new.organisations:
        audiences = old.audiences[name] | new.audiences[name]
        found |= {name} if any(audiences & each for each in lists) else set()
    return frozenset(found | ({""} if any(PUBLIC_AUDIENCE in each for each in lists) else set()))


def _is_another(old: Alliance, new: Alliance, name: str) -> bool:
    """Whether clients of an organisation are somebody else afterwards, or what they send is."""
    clients = [f"{name}/{client}" for client in new.organisations[name].clients]
    return any((old.principal(each), old.client(each)) != (new.principal(each), new.client(each)) for each in clients)


def _differences(old: Alliance, new: Alliance) -> Iterator[frozenset[str]]:
    """The audiences from which something is withheld in one alliance alone, and those of each collection that changed."""
    for name, organisation in new.organisations.items():
        yield organisation.withhold_from ^ old.organisations[name].withhold_from
    former: Mapping[str, Collection] = {each.path: each for each in old.collections}
    for each in new.collections:
        was = former[each.path]
        if was != each:
            yield each.readers | was.readers | each.writers | was.writers | {f"org:{each.owner}", "group:secretariat"}
