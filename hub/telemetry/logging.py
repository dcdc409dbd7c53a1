"""Logs as JSON lines on stderr, in which nothing personal and no secret can appear."""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import orjson
import structlog
from structlog.typing import ExcInfo

from hub.domain.errors import HubError
from hub.domain.plain import plain

_ABOUT = "event level logger process timestamp exception error errors reason reasons why what"
_KAFKA = """
    topic topics partition partitions part offset offsets next_offset from_offset to_offset
    seq epoch generation group bootstrap
"""
_REFERENCES = """
    tenant connector source home subject warranty event_id type ce_type outcome state status
    projection table version code_version kind stage name names request correlationid traceparent
    sqlstate url host port path method command signal pid owner claimed_by worker drift
"""
_AMOUNTS = "count counts size attempt delay seconds lag age rate total done"
FIELDS = frozenset(f"{_ABOUT} {_KAFKA} {_REFERENCES} {_AMOUNTS}".split())
"""The fields whose text may stand in a log. Numbers may stand anywhere, other text nowhere."""

HIDDEN = "hidden"
LONGEST_VALUE = 320
"""Characters of the longest e-mail address: one that is cut in the middle is not known for one."""
SECRET = re.compile(
    r"pass(word|wd)?|secret|token|authorization|cookie|credential|api_?key|_key$|dsn", re.IGNORECASE
)
_SCRUBS = (
    # The password of any address: scheme://user:password@host.
    (re.compile(r"(\w+://[^\s:/@]*):[^\s@]+@"), r"\1:hidden@"),
    (
        re.compile(
            r"((?:pass(?:word|wd)?|secret|token|api_?key)['\"]?\s*[=:]\s*)[^\s,;)&]+", re.IGNORECASE
        ),
        r"\1hidden",
    ),
    # Pydantic and Postgres quote the offending value; it may be somebody's name.
    (re.compile(r"input_value=.*?, input_type", re.DOTALL), "input_value=hidden, input_type"),
    (re.compile(r"(DETAIL:\s*).*"), r"\1hidden"),
    (re.compile(r"(?<![\w.+%/-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), HIDDEN),
    (re.compile(r"(?<![\w.:-])(?:\+|00)\d[\d ()/-]{6,}\d(?![\w.])"), HIDDEN),
)
QUIET = ("aiokafka", "kafka", "faust", "mode", "asyncio", "aiohttp", "httpx", "alembic")

Fields = MutableMapping[str, Any]


def scrubbed(text: str) -> str:
    """The text without passwords, e-mail addresses and phone numbers."""
    for pattern, instead in _SCRUBS:
        text = pattern.sub(instead, text)
    return text


def presentable(text: str, limit: int = 1_000) -> str:
    """What anybody may have said, as it may stand in a table, a list or a log."""
    return scrubbed(plain(text, limit + LONGEST_VALUE))[:limit]


def redact(_logger: object, _method: str, fields: Fields) -> Fields:
    """A structlog processor that lets through what is on the list and numbers, nothing else."""
    return {name: _redacted(name, value) for name, value in fields.items()}


def _redacted(name: str, value: object) -> object:
    if SECRET.search(name):
        return HIDDEN
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if name not in FIELDS:
        return HIDDEN
    return _clean(value)


def _clean(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(k): HIDDEN if SECRET.search(str(k)) else _clean(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(one) for one in value]
    return scrubbed(str(value))


def _traced(exc_info: ExcInfo) -> str:
    """Where it happened and of which kind it is. Only our own errors say more: others quote what they fail at."""
    return "".join(_lines(exc_info[1], set())).rstrip()


def _lines(error: BaseException | None, seen: set[int]) -> Iterator[str]:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    yield from _lines(before, seen)
    yield from traceback.format_tb(error.__traceback__)
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            # One that another came from is told with each of them.
            yield from _lines(one, set(seen) - {id(one)})
    said = str(error) if isinstance(error, HubError) else HIDDEN
    if isinstance(error, OSError):
        # The rest of it may be the name of a file.
        said = error.strerror or HIDDEN
    yield f"{type(error).__name__}: {said}\n"


def configure_logging(level: str, process: str) -> None:
    """Send the lines of structlog and of every library to stderr, `process` named in each."""

    def named(_logger: object, _method: str, fields: Fields) -> Fields:
        return {"process": process, **fields}

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        named,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_traced),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    _route_stdlib(level, shared)


def _route_stdlib(level: str, shared: list[structlog.typing.Processor]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact,
                structlog.processors.JSONRenderer(serializer=_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        # Libraries tell at `info` what for them is an event and for us is not.
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)


def _json(fields: object, **_: object) -> str:
    return orjson.dumps(fields, default=str).decode()
