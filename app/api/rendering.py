"""From what the read deed answers to the bytes of a page: envelope, manifest or list of versions (TAXII 2.1 §3.7, §5.3.1, §5.8.1).

Objects are joined as they were stored. Manifest and versions are written straight from the entries; that they are what `app.taxii.resources`
describes is proven by tests, not by building models for thousands of lines.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import orjson

from app.access.alliance import Compatibility
from app.api.message import Header, Joined, joined
from app.clock import timestamp
from app.sharing.read import Answer
from app.taxii.envelope import envelope_of
from app.taxii.query import Endpoint

_SPEC_VERSION: Final = b'{"spec_version":"2.1",'


class _Head(msgspec.Struct):
    """Of an object, whether it names its STIX version."""

    spec_version: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_HEAD: Final = msgspec.json.Decoder(_Head)


def render_page(answer: Answer, endpoint: Endpoint) -> bytes | Joined:
    """The resource that `endpoint` answers with."""
    if endpoint is Endpoint.MANIFEST:
        return _render_manifest(answer)
    if endpoint is Endpoint.VERSIONS:
        return _render_versions(answer)
    slices: Sequence[bytes] = answer.page.raws
    if Compatibility.SPEC_VERSION_FIRST in answer.compatibility:
        slices = [with_spec_version(raw) for raw in slices]
    return joined(envelope_of(slices, answer.next, Compatibility.EMPTY_OBJECTS_LIST in answer.compatibility))


def date_headers(answer: Answer) -> tuple[Header, ...]:
    """X-TAXII-Date-Added-First and -Last (TAXII 2.1 §3.2), where the answer has them."""
    if answer.first is None or answer.last is None:
        return ()
    return ((b"x-taxii-date-added-first", answer.first.encode()), (b"x-taxii-date-added-last", answer.last.encode()))


def with_spec_version(raw: bytes) -> bytes:
    """An object as stored, with `spec_version` put in front if it has none: observables need not name it, but some clients look for it (C22)."""
    if _HEAD.decode(raw).spec_version is not msgspec.UNSET:
        return raw
    return _SPEC_VERSION + raw[1:]


def _render_manifest(answer: Answer) -> bytes:
    page = answer.page
    records = [
        {"id": object_id, "date_added": timestamp(date), "version": version}
        for object_id, date, version in zip(page.ids, page.dates, page.versions, strict=True)
    ]
    return _page("objects", records, answer)


def _render_versions(answer: Answer) -> bytes:
    return _page("versions", list(answer.page.versions), answer)


def _page(name: str, members: list[dict[str, str]] | list[str], answer: Answer) -> bytes:
    """A paged resource: an empty list is left out (TAXII 2.1 §2), `more` is true exactly when there is a `next`."""
    if not members:
        return b"{}"
    page: dict[str, object] = {"more": answer.next is not None}
    if answer.next is not None:
        page["next"] = answer.next
    return orjson.dumps(page | {name: members})
