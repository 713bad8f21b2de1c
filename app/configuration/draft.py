"""An alliance that is being checked: what could be read of it, and what exists but could not.

A name whose file has a mistake of its own is known all the same: one mistake is told once, where it is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from app.access.alliance import Alliance, Collection
from app.access.principal import Kind, Principal
from app.configuration.countries import is_country
from app.configuration.names import unknown

BUILT_IN_GROUPS: Final = ("members", "partners", "secretariat")


@dataclass(frozen=True)
class Draft:
    """The readable part of an alliance. `unread` names the rest: `org:ng-cert`, `group:afjoc`, `op:afjoc`, `members/alliance`, `issuers`."""

    alliance: Alliance
    unread: frozenset[str]

    @cached_property
    def organisations(self) -> frozenset[str]:
        """The ids of all organisations, unread ones included."""
        return self._with_unread("org:", self.alliance.organisations)

    @cached_property
    def paths(self) -> frozenset[str]:
        """`root/name` of all collections, unread ones included."""
        return frozenset(collection.path for collection in self.alliance.collections) | {
            name for name in self.unread if not name.endswith("/")
        }

    @cached_property
    def audiences(self) -> frozenset[str]:
        """Every audience that somebody is in, or may be once its file is read."""
        kinds = {f"group:{name}" for name in BUILT_IN_GROUPS}
        groups = {f"group:{name}" for name in self.alliance.groups}
        operations = {f"op:{collection.name}" for collection in self.alliance.collections if collection.kind == "operation"}
        found = {audience for own in self.alliance.audiences.values() for audience in own} | {"public"} | self.users
        return frozenset(found | kinds | groups | operations | {name for name in self.unread if ":" in name})

    @cached_property
    def users(self) -> frozenset[str]:
        """`user:` names of all clients that could be read."""
        return frozenset(f"user:{name}/{client}" for name, value in self.alliance.organisations.items() for client in value.clients)

    @cached_property
    def partners(self) -> frozenset[str]:
        """The ids of the partners that could be read."""
        return frozenset(name for name, value in self.alliance.organisations.items() if value.kind is Kind.PARTNER)

    @cached_property
    def principals(self) -> tuple[Principal, ...]:
        """All clients that could be read, as those who ask."""
        found = (self.alliance.principal(user.removeprefix("user:")) for user in sorted(self.users))
        return tuple(principal for principal in found if principal is not None)

    @cached_property
    def has_unread_organisations(self) -> bool:
        """Whether some organisation cannot be asked."""
        return any(name.startswith("org:") for name in self.unread)

    def inside_any(self, audiences: Iterable[str]) -> frozenset[str]:
        """The organisations that one of several audiences reaches."""
        return frozenset(name for audience in audiences for name in self.inside(audience))

    def reaches(self, audiences: frozenset[str], principals: Iterable[Principal]) -> bool:
        """Whether one of the audiences reaches one of the clients, or may once it is written right."""
        is_certain = audiences <= self.audiences and not any(map(self.is_unread, audiences))
        return not is_certain or any(principal.audiences & audiences for principal in principals)

    def inside(self, audience: str) -> frozenset[str]:
        """The organisations that an audience reaches."""
        if audience.startswith("user:"):
            return frozenset({audience.removeprefix("user:").partition("/")[0]})
        return frozenset(name for name, own in self.alliance.audiences.items() if audience in own)

    def is_unread(self, audience: str) -> bool:
        """Whether nothing can be said of the audience, because its file has mistakes of its own."""
        if audience.startswith("jur:"):
            return self.has_unread_organisations
        if audience.startswith("user:"):
            return f"org:{audience.removeprefix('user:').partition('/')[0]}" in self.unread
        return audience in self.unread

    def unknown_audiences(self, audiences: Iterable[str], *, ahead: bool = False) -> Iterator[str]:
        """A sentence for each audience that nobody can be in. `ahead`: a country counts before it has an organisation."""
        known = self.audiences
        for audience in sorted(audiences):
            is_coming = ahead and audience.startswith("jur:") and is_country(audience.removeprefix("jur:"))
            if audience not in known and not is_coming and not self.is_unread(audience):
                same_sort = [name for name in known if name.partition(":")[0] == audience.partition(":")[0]]
                yield unknown("audience", audience, same_sort)

    def _with_unread(self, prefix: str, names: Iterable[str]) -> frozenset[str]:
        return frozenset(names) | {name.removeprefix(prefix) for name in self.unread if name.startswith(prefix)}


def organisation_path(name: str) -> str:
    """Where an organisation is written down."""
    return f"auth/organisations/{name}.toml"


def group_path(name: str) -> str:
    """Where a group is written down."""
    return f"auth/groups/{name}.toml"


def root_path(name: str) -> str:
    """Where an API root is written down."""
    return f"collections/{name}/api-root.toml"


def collection_path(collection: Collection) -> str:
    """Where a collection is written down."""
    return f"collections/{collection.path}.toml"
