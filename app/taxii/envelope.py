"""Envelopes as bytes: cut open where objects come in, joined where they go out (TAXII 2.1 §3.7, §5.4, §5.5).

Objects pass through byte for byte. Slicing proves that the body is one JSON object whose `objects` is a list of JSON objects; what
stands inside an object is only skipped here. Duplicate members, numbers and depth within it are the reader's own to judge, one by
one: `app.stix` decodes every slice strictly.

Nesting costs the skipping parser about 60 bytes of stack a level, and it stops at the interpreter's recursion limit.
"""

from collections.abc import Sequence

import msgspec
import orjson

from app.errors import EnvelopeTooLarge, MalformedEnvelope, quoted

# All that is cut apart stands between commas, so their number bounds what cutting may cost; real objects have one in 50 bytes.
_COMMAS_ALWAYS_TAKEN = 1_000_000
_COMMAS_PER_OBJECT = 50
# Beside `objects` a bundle has three members. Each costs a microsecond of the interpreter, unlike what stands between other commas.
_MOST_MEMBERS = 1_000


class _Name:
    """A member's name that equals no other, so that a repeated member stays visible in a dict."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class _Namer:
    """Makes the names of one envelope's members, up to their limit."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, _type: type, text: str) -> _Name:
        """The next name. Raises EnvelopeTooLarge."""
        self._count += 1
        if self._count > _MOST_MEMBERS:
            raise EnvelopeTooLarge(f"the envelope has more than {_MOST_MEMBERS} members: `objects` is the only one it needs")
        return _Name(text)


_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


def slice_envelope(body: bytes, most_objects: int) -> list[bytes]:
    """Cut a posted envelope into its objects, each exactly as it was sent, in the order sent.

    Other members (`more`, `next`, custom ones, those of a whole STIX bundle) are ignored. Raises MalformedEnvelope, or
    EnvelopeTooLarge when there are more than `most_objects`, or masses of members.
    """
    if body.count(b",") > max(_COMMAS_ALWAYS_TAKEN, _COMMAS_PER_OBJECT * most_objects):
        raise EnvelopeTooLarge("the envelope holds too many members: send it in several")
    try:
        body.decode()  # strictly; strings are skipped below without a look at their bytes
        elements = _ELEMENTS.decode(_objects(_members(body)))
    except UnicodeDecodeError as error:
        raise MalformedEnvelope(f"the body is not UTF-8 at byte {error.start}: send JSON in UTF-8") from error
    except RecursionError as error:
        raise MalformedEnvelope("the body is nested too deep: send flatter objects") from error
    except msgspec.DecodeError as error:
        raise MalformedEnvelope(f"the body is not an envelope ({error}): send a JSON object with a list `objects`") from error
    if len(elements) > most_objects:
        raise EnvelopeTooLarge(f"the envelope holds {len(elements)} objects, at most {most_objects} are taken: send it in several")
    slices = [bytes(element) for element in elements]
    for index, piece in enumerate(slices):
        if not piece.startswith(b"{"):
            raise MalformedEnvelope(f"`objects` holds {quoted(piece.decode())} at index {index}, which is not a JSON object")
    if not slices:
        raise MalformedEnvelope("`objects` is empty: send at least one object")
    return slices


def envelope_of(slices: Sequence[bytes], next_cursor: str | None, empty_list: bool) -> list[bytes]:  # noqa: FBT001 - a setting of the client
    """Make the envelope of a page, in slices that are to be joined by commas: `more` is true exactly when there is a `next`, and an empty page says neither.

    An empty page has no `objects` (TAXII 2.1 §3.7), unless the client needs the empty list that the standard forbids (`empty_list`).
    """
    if not slices:
        return [b'{"objects":[]}' if empty_list else b"{}"]
    more = b'{"more":false,"objects":[' if next_cursor is None else b'{"more":true,"next":%b,"objects":[' % orjson.dumps(next_cursor)
    made = [*slices]
    made[0] = more + made[0]
    made[-1] += b"]}"
    return made


def _members(body: bytes) -> dict[_Name, msgspec.Raw]:
    return msgspec.json.Decoder(dict[_Name, msgspec.Raw], dec_hook=_Namer()).decode(body)


def _objects(members: dict[_Name, msgspec.Raw]) -> msgspec.Raw:
    by_name = {name.text: value for name, value in members.items()}
    if len(by_name) < len(members):
        raise MalformedEnvelope("the envelope names a member twice: JSON readers differ in which one they take, so send each once")
    if "objects" not in by_name:
        raise MalformedEnvelope("the envelope has no `objects`: send a JSON object with a list `objects`")
    return by_name["objects"]
