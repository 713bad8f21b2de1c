"""The alliance: organisations and their clients, groups, API roots and collections, as frozen values.

The files are read and cross-checked by app/configuration; the store keeps the result as one JSON document, the alliance in force. Only
shapes are checked here: what one file says by itself. Every key is told in docs/alliance.md, from the descriptions below.
"""

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Final, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, StringConstraints, field_validator, model_serializer

from app.access.principal import PUBLIC_AUDIENCE, Kind, Principal, Role, Scope
from app.stix.handling import TLP_BY_TEXT, Tlp

REMOVED: Final = "removed"
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Audience = Annotated[
    str, StringConstraints(pattern=r"^(public|(org|group|op):[a-z0-9][a-z0-9-]{0,62}|jur:[A-Z]{2}|user:[a-z0-9-]+/[a-z0-9-]+)$")
]
Identity = Annotated[str, StringConstraints(pattern=r"^identity--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Level = Annotated[str, StringConstraints(pattern=r"^(clear|white|green|amber|amber\+strict|red)$")]
DEFAULT_CONTENT_LENGTH = 10 * 1024 * 1024
STIX_MEDIA_TYPE = "application/stix+json;version=2.1"


class Compatibility(StrEnum):
    """Named deviations for particular clients; each is a rule of docs/clients/."""

    MILLISECOND_DATES = "millisecond-dates"
    EMPTY_OBJECTS_LIST = "empty-objects-list"
    SPEC_VERSION_FIRST = "spec-version-first"


class CollectionKind(StrEnum):
    """What a collection is for; policies ask it."""

    NATIONAL = "national"
    ALLIANCE = "alliance"
    OPERATION = "operation"
    INTAKE = "intake"
    PUBLIC = "public"


class CollectionState(StrEnum):
    """The life of a collection: open, closing (no writes), closed (partners out; members until `archive_until`)."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_serializer(mode="wrap")
    def _in_order(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Sets are written in order: equal values, equal bytes."""
        document: dict[str, object] = handler(self)
        for name in type(self).model_fields:
            value: object = getattr(self, name)
            if isinstance(value, frozenset):
                document[name] = sorted(document[name])  # type: ignore[call-overload] # strings, as every set here
        return document


class Client(_Frozen):
    """A credential of an organisation: a tool or a person."""

    roles: frozenset[Role] = Field(description="what the client is trusted with")
    scope: Scope = Field(
        Scope.ORGANISATION, description="`constituency`: the feed for the organisation's own clients; it stops at TLP:AMBER"
    )
    identities: frozenset[Identity] = Field(frozenset(), description="who the client is where TLP:RED names recipients")
    unmarked: Level | None = Field(None, description="level of what this client sends without a marking that carries a TLP level")
    purposes: frozenset[Literal["defence", "investigation", "research"]] = Field(
        frozenset(), description="what the client uses objects for; answers a label that restricts purposes"
    )
    compatibility: frozenset[Compatibility] = Field(frozenset(), description="named switches for particular clients, see docs/clients/")
    subjects: frozenset[str] = Field(frozenset(), description="subjects of OpenID Connect tokens, as `issuer/subject`")


class Organisation(_Frozen):
    """A member, a partner or the secretariat."""

    kind: Literal[Kind.MEMBER, Kind.PARTNER, Kind.SECRETARIAT] = Field(description="what the organisation is to the alliance")
    name: str = Field(min_length=1, description="its name for people")
    jurisdiction: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = Field(
        None, description="ISO 3166-1 alpha-2 code; several organisations may share one"
    )
    identities: frozenset[Identity] = Field(
        frozenset(), description="STIX identities it owns: objects with this `created_by_ref` are its own"
    )
    withhold_from: frozenset[Audience] = Field(
        frozenset(), description="standing restriction: these audiences never receive its objects; live, never shown to clients"
    )
    active: bool = Field(default=True, description="`false` suspends it: its clients receive nothing; its objects stay served")
    agreement_until: date | None = Field(None, description="partners: the last day of the agreement, UTC")
    clients: dict[Name, Client] = Field(default_factory=dict, description="its credentials by name")

    @property
    def agreement_end(self) -> datetime | None:
        """The first instant after the agreement."""
        until = self.agreement_until
        return None if until is None else datetime(until.year, until.month, until.day, tzinfo=UTC) + timedelta(days=1)


class Group(_Frozen):
    """A named audience; membership lives here, never in the member's own file."""

    name: str = Field(min_length=1, description="its name for people")
    members: frozenset[Name] = Field(description="ids of organisations")


class Issuer(_Frozen):
    """An OpenID Connect issuer whose tokens are believed."""

    issuer: str = Field(description="the exact `iss` of its tokens")
    audience: str = Field(description="the exact `aud` that its tokens for this server carry")
    algorithms: tuple[Literal["RS256", "PS256", "ES256", "ES384", "EdDSA"], ...] = Field(
        ("RS256", "ES256"), description="signatures believed"
    )
    keys: str = Field(description="JSON Web Key Set: a path relative to auth/, or an https URL (http on loopback only)")


class ApiRoot(_Frozen):
    """An API root: a folder of collections/."""

    title: str = Field(min_length=1, description="shown to clients")
    description: str | None = Field(None, description="shown to clients")
    max_content_length: int = Field(DEFAULT_CONTENT_LENGTH, gt=0, le=2147483647, description="largest body of a POST, in octets")
    default: bool = Field(default=False, description="the root that discovery names as default; one at most")


class Collection(_Frozen):
    """A collection: a file in the folder of its API root. `root` and `name` are where it lies, all else what it says."""

    root: Name = ""
    name: Name = ""
    id: UUID = Field(description="UUID version 4; objects belong to it wherever the file moves; never reused")
    title: str = Field(
        pattern=r"^[^.,]+$", description="shown to clients; unique in the API root; without `.` and `,`, which some clients split at"
    )
    description: str | None = Field(None, description="shown to clients; what an unmarked object becomes is added to it")
    kind: CollectionKind = Field(description="national, alliance, operation, intake or public")
    owner: Name = Field(description="the organisation that administers it")
    readers: frozenset[Audience] = Field(frozenset(), description="who may read, within what each object's handling allows")
    writers: frozenset[Audience] = Field(frozenset(), description="who may add objects")
    ceiling: Level = Field("red", description="the strictest TLP level taken")
    unmarked: Level | Literal["refuse"] = Field("refuse", description="level of objects without a marking that carries one")
    red_recipients: frozenset[str] = Field(
        frozenset(), description="`user:` names or identity ids that TLP:RED objects go to when they name nobody"
    )
    release_to: tuple[str, ...] = Field((), description="intakes: the collections, as `root/name`, where a curator may publish")
    relay: bool = Field(default=False, description="whether CLEAR and GREEN objects of another originator may be posted")
    negative_lists: bool = Field(
        default=False, description="whether markings may carry `not_releasable_to`, which every reader of the object reads"
    )
    opaque: Literal["refuse", "originator"] = Field(
        "refuse", description="objects under markings of unknown schemes: refused, or kept for the originator"
    )
    custom: Literal["allow", "refuse"] = Field("allow", description="custom object types and properties")
    media_types: tuple[str, ...] = Field((STIX_MEDIA_TYPE,), description="what the collection stores")
    state: CollectionState = Field(CollectionState.OPEN, description="open, closing or closed")
    archive_until: date | None = Field(None, description="closed collections: the last day on which members read, UTC")

    @field_validator("id")
    @classmethod
    def _is_version_4(cls, value: UUID) -> UUID:
        if value.version != 4:
            msg = "must be a random UUID (version 4)"
            raise ValueError(msg)
        return value

    @property
    def path(self) -> str:
        """`root/name`, as commands and files name it; of a removed collection, its id."""
        return f"{self.root}/{self.name}" if self.root else self.key

    @cached_property
    def key(self) -> str:
        """The id as text: what the store knows the collection by."""
        return str(self.id)

    @property
    def ceiling_level(self) -> Tlp:
        """The ceiling on the one scale."""
        return TLP_BY_TEXT[self.ceiling]

    @cached_property
    def archive_end(self) -> datetime | None:
        """The first instant after `archive_until`."""
        until = self.archive_until
        return None if until is None else datetime(until.year, until.month, until.day, tzinfo=UTC) + timedelta(days=1)


class Alliance(_Frozen):
    """Everything the three folders say, cross-checked."""

    organisations: dict[Name, Organisation]
    groups: dict[Name, Group] = Field(default_factory=dict)
    issuers: dict[Name, Issuer] = Field(default_factory=dict)
    roots: dict[Name, ApiRoot]
    collections: tuple[Collection, ...]
    policies: dict[str, str]
    """Cedar policies, file name → text."""
    policy_schema: str
    marking_aliases: dict[str, Level] = Field(default_factory=dict)
    """Marking ids that producers use for a TLP level in place of the canonical one."""
    retired: frozenset[str] = frozenset()
    """Ids of organisations and collections that once existed: never used again."""

    def to_document(self) -> bytes:
        """The canonical JSON that the store keeps: equal alliances, equal bytes. `model_validate_json` is the inverse."""
        return orjson.dumps(self.model_dump(mode="json", exclude_none=True), option=orjson.OPT_SORT_KEYS)

    @cached_property
    def by_path(self) -> dict[tuple[str, str], Collection]:
        """Collections by (root, id) and by (root, name): both are addresses (T-5.2.1-10)."""
        addresses = {(collection.root, collection.key): collection for collection in self.collections}
        return addresses | {(collection.root, collection.name): collection for collection in self.collections}

    def at(self, place: str) -> Collection | None:
        """The collection that commands call `root/name`, or `root/` and its id."""
        root, _, name = place.partition("/")
        return self.by_path.get((root, name))

    @cached_property
    def by_key(self) -> dict[str, Collection]:
        """Collections by id."""
        return {collection.key: collection for collection in self.collections}

    @cached_property
    def removed(self) -> tuple[Collection, ...]:
        """The collections that left the alliance, by id: closed, nobody's, and for nobody; what they hold stays where it is."""
        said = {"title": REMOVED, "owner": REMOVED, "kind": CollectionKind.NATIONAL, "state": CollectionState.CLOSED}
        return tuple(Collection.model_validate({"id": name, **said}) for name in sorted(self.retired) if _UUID.fullmatch(name))

    @cached_property
    def owner_of_identity(self) -> dict[str, str]:
        """STIX identity id → the organisation that registered it."""
        return {identity: name for name, organisation in self.organisations.items() for identity in organisation.identities}

    def owner_of(self, identity: str | None) -> str | None:
        """The organisation that registered an identity, if one did; a UUID in capitals is the same UUID."""
        return self.owner_of_identity.get((identity or "").lower())

    @cached_property
    def client_of_subject(self) -> dict[str, str]:
        """OpenID Connect `issuer/subject` → `organisation/client`."""
        return {
            subject: f"{name}/{client}"
            for name, organisation in self.organisations.items()
            for client, value in organisation.clients.items()
            for subject in value.subjects
        }

    @cached_property
    def audiences(self) -> dict[str, frozenset[str]]:
        """Organisation → every audience it belongs to, client names apart."""
        return {name: self._audiences_of(name, organisation) for name, organisation in self.organisations.items()}

    def client(self, name: str) -> Client | None:
        """The client that `organisation/client` names, if it exists."""
        organisation, _, client = name.partition("/")
        owner = self.organisations.get(organisation)
        return None if owner is None else owner.clients.get(client)

    def principal(self, name: str) -> Principal | None:
        """The principal behind `organisation/client`, as of this alliance; None if there is no such client."""
        return self.principals.get(name)

    @cached_property
    def principals(self) -> dict[str, Principal]:
        """Every client's principal, by `organisation/client`."""
        return {
            f"{name}/{client}": self._principal(name, organisation, client)
            for name, organisation in self.organisations.items()
            for client in organisation.clients
        }

    def _principal(self, name: str, organisation: Organisation, client: str) -> Principal:
        credential = organisation.clients[client]
        user = f"user:{name}/{client}"
        # Clients share a clearance unless something can name them: TLP:RED recipients, or an audience of the files.
        known_as = frozenset({user}) if Role.RED_READER in credential.roles or user in self._users else frozenset[str]()
        return Principal(
            client=f"{name}/{client}",
            organisation=name,
            kind=Kind(organisation.kind),
            jurisdiction=organisation.jurisdiction or "",
            roles=credential.roles,
            scope=credential.scope,
            purposes=frozenset(credential.purposes),
            names=credential.identities | known_as,
            audiences=self.audiences[name] | known_as,
            active=organisation.active,
            agreement_end=organisation.agreement_end,
            compatibility=frozenset(switch.value for switch in credential.compatibility),
        )

    @cached_property
    def _users(self) -> frozenset[str]:
        """Every `user:` that an audience of the files names."""
        lists = [organisation.withhold_from for organisation in self.organisations.values()]
        lists += [names for collection in self.collections for names in (collection.readers, collection.writers, collection.red_recipients)]
        return frozenset(name for names in lists for name in names if name.startswith("user:"))

    def _audiences_of(self, name: str, organisation: Organisation) -> frozenset[str]:
        found = {PUBLIC_AUDIENCE, f"org:{name}", _kind_group(Kind(organisation.kind))}
        if organisation.jurisdiction:
            found.add(f"jur:{organisation.jurisdiction}")
        found |= {f"group:{group}" for group, value in self.groups.items() if name in value.members}
        operations = (collection for collection in self.collections if collection.kind is CollectionKind.OPERATION)
        return frozenset(found | {f"op:{operation.name}" for operation in operations if operation.readers & found})


def _kind_group(kind: Kind) -> str:
    return {Kind.MEMBER: "group:members", Kind.PARTNER: "group:partners", Kind.SECRETARIAT: "group:secretariat"}[kind]


def recipients_known(alliance: Alliance) -> frozenset[str]:
    """Every name that TLP:RED may give as recipient: `user:` names and identities of clients that are red-readers."""
    readers = (
        (f"user:{name}/{client}", value.identities)
        for name, organisation in alliance.organisations.items()
        for client, value in organisation.clients.items()
        if Role.RED_READER in value.roles
    )
    return frozenset(name for user, identities in readers for name in (user, *identities))
