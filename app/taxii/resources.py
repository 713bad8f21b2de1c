"""The resources of TAXII 2.1 as frozen values, and as the schemas of the published contract (§3.6, §3.7, §4, §5).

* An absent property is left out of the JSON, never null; a list without members counts as absent (§2).
* A value that the standard forbids cannot be made: its constructor raises pydantic's ValidationError.
* An envelope is only described here: on the wire it is a join of stored bytes (`app.taxii.envelope`).
"""

from collections.abc import Sequence
from typing import Annotated, Literal, Self, TypeVar

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Member = TypeVar("Member")


def _absent_if_empty(members: Sequence[Member] | None) -> Sequence[Member] | None:
    return members or None


Listing = Annotated[Annotated[tuple[Member, ...], Field(min_length=1)] | None, BeforeValidator(_absent_if_empty)]
"""An optional list, absent when it has no members (TAXII 2.1 §2)."""

Identifier = Annotated[str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
"""A random UUID, RFC 4122 version 4 (TAXII 2.1 §2)."""

Timestamp = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$")]
"""RFC 3339 in UTC with six fraction digits, as `app.clock.timestamp` writes it (TAXII 2.1 §2)."""

Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A whole number that every JSON reader keeps exact (TAXII 2.1 §2)."""

RootUrl = Annotated[str, Field(pattern=r"^(https://[^/?#\s]+|/[^/?#\s]+)(/[^?#\s]*)?$")]
"""The address of an API root: absolute with https, or relative with a single leading slash, and no query (TAXII 2.1 §4.1.1)."""

MediaType = Annotated[str, Field(pattern=r"^application/taxii\+json;version=[0-9]+\.[0-9]+$")]
"""A TAXII media type with its version (TAXII 2.1 §4.2.1)."""


class Resource(BaseModel):
    """Base of all resources: frozen, strictly typed, and never null in JSON or in its schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /) -> JsonSchemaValue:
        """Describe what is rendered: an optional property may be missing, but is of its type when present."""
        reference = handler(core_schema)
        for schema in handler.resolve_ref_schema(reference)["properties"].values():
            alternatives = schema.pop("anyOf", [])
            for alternative in alternatives:
                if alternative != {"type": "null"}:
                    schema.update(alternative)
            if schema.get("default", ...) is None:
                del schema["default"]
        return reference


class Discovery(Resource):
    """TAXII 2.1 §4.1.1: the server and those of its API roots that the client may use."""

    title: str
    description: str | None = None
    contact: str | None = None
    default: str | None = None
    """One of `api_roots`, letter for letter."""
    api_roots: Listing[RootUrl] = None

    @model_validator(mode="after")
    def _default_is_listed(self) -> Self:
        if self.default is not None and self.default not in (self.api_roots or ()):
            raise ValueError("default is none of api_roots")
        return self


class ApiRoot(Resource):
    """TAXII 2.1 §4.2.1: one API root."""

    title: str
    description: str | None = None
    versions: Annotated[tuple[MediaType, ...], Field(min_length=1)]
    max_content_length: Annotated[int, Field(gt=0, le=2**31 - 1)]
    """Octets of the largest request body. Some clients read it into 32 bits."""


class Collection(Resource):
    """TAXII 2.1 §5.2.1: one collection, with the rights of the client that asks."""

    id: Identifier
    title: str
    description: str | None = None
    alias: str | None = None
    """Stands for `id` in every path of the collection."""
    can_read: bool
    can_write: bool
    media_types: Listing[str] = None


class Collections(Resource):
    """TAXII 2.1 §5.1.1: the collections of an API root that the client may use."""

    collections: Listing[Collection] = None


class StatusDetails(Resource):
    """TAXII 2.1 §4.3.1: what became of one object of a request."""

    id: str
    """The STIX id."""
    version: str
    """The object's `modified`, else its `created`, else a time that the server gave it."""
    message: str | None = None


class Status(Resource):
    """TAXII 2.1 §4.3.1: what became of a request to add objects."""

    id: Identifier
    status: Literal["complete", "pending"]
    request_timestamp: Timestamp | None = None
    total_count: Count
    success_count: Count
    successes: Listing[StatusDetails] = None
    failure_count: Count
    failures: Listing[StatusDetails] = None
    pending_count: Count
    pendings: Listing[StatusDetails] = None

    @model_validator(mode="after")
    def _counts_add_up(self) -> Self:
        if self.success_count + self.failure_count + self.pending_count != self.total_count:
            raise ValueError("the three counts do not add up to total_count")
        if self.status == "complete" and self.pending_count:
            raise ValueError("a complete status has nothing pending")
        lists = ((self.successes, self.success_count), (self.failures, self.failure_count), (self.pendings, self.pending_count))
        if any(details is not None and len(details) != count for details, count in lists):
            raise ValueError("a list of details is neither absent nor complete")
        return self


class _Page(Resource):
    """What paged resources share; `next` beside `more` is given on manifest and versions too, where the standard forgot it."""

    more: bool | None = None
    """Whether entries are left; absent means no."""
    next: str | None = None
    """Sent back as the parameter `next`, it continues behind this page."""

    @model_validator(mode="after")
    def _more_goes_with_next(self) -> Self:
        if bool(self.more) != bool(self.next):
            raise ValueError("more is true exactly when there is a next")
        return self


class ManifestRecord(Resource):
    """TAXII 2.1 §5.3.1: one version of one object."""

    id: str
    """The STIX id."""
    date_added: Timestamp
    """When this version was added to this collection."""
    version: str
    """The object's `modified`, else its `created`, as it stands there; else a time that the server gave it."""
    media_type: str | None = None


class Manifest(_Page):
    """TAXII 2.1 §5.3.1: what a collection holds, in the order of date_added."""

    objects: Listing[ManifestRecord] = None


class ObjectVersions(_Page):
    """TAXII 2.1 §5.8.1: the versions of one object, in the order of date_added."""

    versions: Listing[str] = None


class Envelope(_Page):
    """TAXII 2.1 §3.7: STIX objects, in answers in the order of date_added. For the published contract only."""

    model_config = ConfigDict(extra="allow")

    objects: Listing[dict[str, object]] = None


class DeliveredVersion(Resource):
    """One version of an object that left for one client."""

    collection: str
    """Where it was taken from, as `root/name`."""
    id: str
    """The STIX id."""
    version: str
    """The version of the object, as a manifest tells it."""
    contributor: str
    """The organisation that put it into the collection."""
    organisation: str | None = None
    """Who received it; absent: somebody without credentials."""
    client: str | None = None
    """The client of the organisation, as `organisation/client`."""
    delivered: Timestamp
    """When it left."""
    epoch: Count
    """The number of the policies and files that were in force."""


class Deliveries(_Page):
    """To whom the versions of an object that the client may audit were delivered, oldest first. No resource of TAXII, an extension of this server."""

    deliveries: Listing[DeliveredVersion] = None


class ErrorMessage(Resource):
    """TAXII 2.1 §3.6.1: why a request failed."""

    title: str
    description: str | None = None
    error_id: str | None = None
    """Names this one occurrence in the server's log."""
    error_code: str | None = None
    http_status: Annotated[str, Field(pattern=r"^[1-5][0-9]{2}$")] | None = None
    """The status code of the answer, as text."""
    external_details: str | None = None
    details: dict[str, str | int | list[str]] | None = None


def render(resource: Resource) -> bytes:
    """Write a resource as JSON in UTF-8, without its absent properties."""
    return orjson.dumps(resource.model_dump(mode="json", exclude_none=True))
