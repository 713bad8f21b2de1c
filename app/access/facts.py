"""What the policies are told: principal, collection and label in the words of policies/schema.cedarschema, as the engine's JSON values.

Instants become microseconds since 1970, levels numbers from 0 (TLP:CLEAR) to 4 (TLP:RED). What an organisation's file says of an originator
is looked up here, at the time of asking, so that a label never carries it. Raises whatever a malformed value raises; the judge denies then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from app.access.alliance import Alliance, Collection, CollectionState
from app.access.principal import Principal
from app.clock import to_micros
from app.stix.handling import HandlingLabel

Attributes: TypeAlias = dict[str, object]
LISTING_PREFIXES: Final = ("org:", "group:", "op:")
"""The audiences by which a partner can be listed; a country, or the public at large, lists nobody."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The live side of the questions: whom each organisation of the alliance withholds its objects from."""

    withheld: Mapping[str, frozenset[str]]

    @staticmethod
    def of(alliance: Alliance) -> "Facts":
        """The facts as `alliance` has them."""
        return Facts({name: organisation.withhold_from for name, organisation in alliance.organisations.items()})

    def principal(self, principal: Principal) -> Attributes:
        """Who asks. Its id is the organisation: clients of one clearance class must look the same to every policy."""
        attributes: Attributes = {
            "organisation": principal.organisation,
            "kind": _member("Kind", principal.kind.value),
            "jurisdiction": principal.jurisdiction,
            "roles": [_member("Role", role.value) for role in principal.roles],
            "scope": _member("Scope", principal.scope.value),
            "purposes": list(principal.purposes),
            "names": list(principal.names),
            "audiences": list(principal.audiences),
            "listings": [audience for audience in principal.audiences if audience.startswith(LISTING_PREFIXES)],
            "active": principal.active and (principal.is_anonymous or principal.organisation in self.withheld),
        }
        if principal.agreement_end is not None:
            attributes["agreement_end"] = to_micros(principal.agreement_end)
        return {"uid": {"type": "Principal", "id": principal.organisation}, "attrs": attributes, "parents": []}

    def label(self, part: HandlingLabel) -> Attributes:
        """Under which handling, for one originator's part. The engine's cost follows the size: what restricts nothing is left out."""
        attributes: Attributes = {
            "tlp": int(part.tlp),
            "originator": part.originator,
            "submitter": part.submitter,
            "known": part.originator in self.withheld,
            "opaque": part.opaque,
            "state": _member("State", part.state.value),
        }
        lists = (("recipients", part.recipients), ("releasable_to", part.releasable_to), ("purposes", part.purposes))
        attributes.update((name, list(names)) for name, names in lists if names is not None)
        exclusions = (("not_releasable_to", part.not_releasable_to), ("withhold_from", self.withheld.get(part.originator)))
        attributes.update((name, list(names)) for name, names in exclusions if names)
        instants = (("embargo_until", part.embargo_until), ("retention_until", part.retention_until))
        attributes.update((name, to_micros(instant)) for name, instant in instants if instant is not None)
        return attributes


def collection_facts(collection: Collection) -> Attributes:
    """Where. The archive date counts for closed collections alone, and its absence there means that no member reads on."""
    attributes: Attributes = {
        "kind": _member("CollectionKind", collection.kind.value),
        "owner": collection.owner,
        "readers": list(collection.readers),
        "writers": list(collection.writers),
        "ceiling": int(collection.ceiling_level),
        "relay": collection.relay,
        "takes_opaque": collection.opaque == "originator",
        "state": _member("CollectionState", collection.state.value),
    }
    if collection.state is CollectionState.CLOSED and collection.archive_end is not None:
        attributes["archive_end"] = to_micros(collection.archive_end)
    return {"uid": {"type": "Collection", "id": collection.path}, "attrs": attributes, "parents": []}


def _member(enumeration: str, value: str) -> Attributes:
    """A value of one of the schema's enumerations."""
    return {"__entity": {"type": enumeration, "id": value}}
