"""Who asks: a client of an organisation, as the alliance in force describes it; or the anonymous public."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property


class Kind(StrEnum):
    """What an organisation is to the alliance."""

    MEMBER = "member"
    PARTNER = "partner"
    SECRETARIAT = "secretariat"
    PUBLIC = "public"


class Role(StrEnum):
    """What a client may be trusted with; each role opens only what policies give it."""

    READER = "reader"
    CONTRIBUTOR = "contributor"
    RELEASER = "releaser"
    CURATOR = "curator"
    RED_READER = "red-reader"
    AUDITOR = "auditor"
    ADMIN = "admin"
    COMPLIANCE = "compliance"
    DPO = "dpo"


class Scope(StrEnum):
    """Whom a client feeds: the organisation itself, or its constituency, where TLP:AMBER is the end."""

    ORGANISATION = "organisation"
    CONSTITUENCY = "constituency"


@dataclass(frozen=True)
class Principal:
    """All that a policy may ask of the one who asks. Equal principals get equal bytes.

    One lives as long as the alliance of its epoch and is asked for its class and its hash several times in each request: both are kept.
    """

    client: str
    """`organisation/client`; empty for the public."""
    organisation: str
    kind: Kind
    jurisdiction: str
    roles: frozenset[Role]
    scope: Scope
    purposes: frozenset[str]
    names: frozenset[str]
    """What TLP:RED recipients may name: identity ids of the client, and `user:organisation/client`."""
    audiences: frozenset[str]
    """Every `org:` `jur:` `group:` `op:` `user:` `public` name that holds for this principal now."""
    active: bool = True
    agreement_end: datetime | None = None
    compatibility: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(getattr(self, field.name) for field in fields(self)))

    @cached_property
    def clearance_class(self) -> "Principal":
        """The principal without what no policy asks: the key under which clearances are shared."""
        return replace(self, client="", compatibility=frozenset())

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody is behind the request that the alliance knows."""
        return self.kind is Kind.PUBLIC

    @property
    def is_told_of_its_own(self) -> bool:
        """Whether it is told what became of whatever its organisation contributed (access-policy case 29).

        A constituency feed is not: it must not read ids of TLP:RED objects there. Nor is who contributes nothing.
        """
        return Role.CONTRIBUTOR in self.roles and self.scope is Scope.ORGANISATION


PUBLIC_AUDIENCE = "public"

ANONYMOUS = Principal(
    client="",
    organisation="",
    kind=Kind.PUBLIC,
    jurisdiction="",
    roles=frozenset({Role.READER}),
    scope=Scope.CONSTITUENCY,
    purposes=frozenset(),
    names=frozenset(),
    audiences=frozenset({PUBLIC_AUDIENCE}),
)
