"""Log lines for people and machines: what happened to a request, never what was in it.

* Whatever a caller of the logger hands over, tokens, credentials and object ids are blotted out of the finished line: the last fence, not the first.
* An exception is written as its types and places in the code. Its text is kept only where it cannot quote an object: of the operating system, the
  store and the configuration.
* The log of the web server itself that names paths with their query strings is switched off; its other words come out in the same form.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final, cast

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from app.errors import ConfigurationError, StoreError

LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
"""What may be asked for. There is nothing below `debug`: the web server would log headers there."""
MOST_FRAMES: Final = 30
MOST_CAUSES: Final = 5
request_id: Final = ContextVar("request_id", default="")
"""The id of the request under way: every line written meanwhile carries it."""
_PLAIN_SPOKEN: Final = frozenset({"apsw"})
"""Libraries whose errors speak of files and tables, never of what is in them."""
_SECRETS: Final = re.compile(
    r"""lgt_[A-Za-z0-9_-]+                                      # a token of our own
    | eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?   # a signed token
    | (?i:basic|bearer|token)\ [A-Za-z0-9+/=._~-]{20,}         # a whole credential
    | [a-z][a-z0-9-]*--[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}         # the id of an object
    """,
    re.VERBOSE,
)
_MARKS: Final = ("lgt_", "eyj", "basic ", "bearer ", "token ", "--")


def configure_logging(level: str, json: bool) -> None:  # noqa: FBT001 - an option of the command line, handed through
    """Write log lines of `level` and above to standard error: as JSON, one object a line, or for a terminal.

    Raises ConfigurationError if the level is unknown. The web server must be started without a log configuration of its own.
    """
    threshold = LEVELS.get(level.lower())
    if threshold is None:
        raise ConfigurationError([f"there is no log level `{level}`: use {', '.join(LEVELS)}"])
    structlog.configure(
        processors=[
            _name_request,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _tell_faults,
            _as_json if json else _as_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=_StandardError,
        cache_logger_on_first_use=False,
    )
    _adopt_standard_loggers(threshold)


def logger(name: str) -> FilteringBoundLogger:
    """A logger whose lines carry `name` as their source; what is configured later holds for it too."""
    found: FilteringBoundLogger = structlog.get_logger(source=name)
    return found


class _StandardError:
    """Writes finished lines to what is standard error at that moment, whole lines at once."""

    def msg(self, line: str) -> None:
        sys.stderr.write(line + "\n")

    debug = info = warning = error = critical = msg


class _Adopted(logging.Handler):
    """Passes the lines of libraries on to our own logger."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log once more, in our form."""
        logger(record.name).log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def _adopt_standard_loggers(threshold: int) -> None:
    """Libraries speak from warnings upwards; the web server as loud as we do, but nothing of single requests."""
    logging.captureWarnings(capture=True)
    logging.basicConfig(handlers=[_Adopted()], level=max(threshold, logging.WARNING), force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        adopted = logging.getLogger(name)
        adopted.handlers.clear()
        adopted.propagate = name != "uvicorn.access"
        adopted.setLevel(threshold if adopted.propagate else logging.CRITICAL + 1)


def _name_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    under_way = request_id.get()
    if under_way:
        event["request_id"] = under_way
    return event


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return _blotted(orjson.dumps(event, default=_kind_of).decode())


def _as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    at, level, text = str(event.pop("at", ""))[11:23], event.pop("level", ""), event.pop("event", "")
    return _blotted(" ".join([at, f"{level:<8}", str(text), *(f"{name}={value}" for name, value in event.items())]))


def _kind_of(value: object) -> str:
    """What stands in the log for a value that is no JSON: its type, not its content."""
    return f"<{type(value).__name__}>"


def _blotted(line: str) -> str:
    # Most lines hold none of these, and looking for them is fifty times cheaper than the pattern.
    lower = line.lower()
    return _SECRETS.sub("[withheld]", line) if any(mark in lower for mark in _MARKS) else line


def _tell_faults(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the exception of a line by what may be told of it."""
    given: object = event.pop("exc_info", None)
    error: object = given if not isinstance(given, tuple) else cast("tuple[object, ...]", given)[1]
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["faults"] = [_told(each) for each in _causes(error)]
    return event


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    for _ in range(MOST_CAUSES):
        if found is None:
            return
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _told(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    told: dict[str, object] = {
        "type": type(error).__name__,
        "frames": [f"{'/'.join(frame.filename.split('/')[-3:])}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, OSError | StoreError | ConfigurationError) or type(error).__module__ in _PLAIN_SPOKEN:
        told["text"] = str(error)
    return told
