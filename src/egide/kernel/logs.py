"""The log of every process: one JSON object a line, ids and codes only (attack 16).

Arguments pass by type: numbers and ids as they are, words when they look like a name of code; of libraries' lines only
the sentence of their source is kept. The message of an exception is never written: it may quote what was typed or read.
"""

import logging
import re
import traceback
import uuid
from collections.abc import Mapping
from typing import Any, Final

import structlog
from structlog.typing import EventDict

from egide.kernel import read_aloud

# A name of code, an SQLSTATE, or places of code (`view:12 > read:40`).
_CODE: Final = re.compile(r"[A-Za-z_][\w.]{0,79}|[0-9A-Z]{5}|[\w<>.]+:\d+( > [\w<>.]+:\d+)*")
_HIDDEN: Final = "•"
_OURS: Final = "egide"


def configure(level: int = logging.INFO) -> None:
    """This process's root logger, to standard error (its log file). For processes without Django."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def formatter() -> logging.Formatter:
    """The one format; Django's settings name it."""
    return structlog.stdlib.ProcessorFormatter(
        pass_foreign_args=True,
        foreign_pre_chain=[
            _sentence,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.contextvars.merge_contextvars,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
        ],
    )


def begin_request() -> str:
    """A fresh id, on every line this request writes from now on; the page of a fault shows it, to be read by phone."""
    drawn = read_aloud.drawn(8)
    identifier = f"{drawn[:4]}-{drawn[4:]}"
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=identifier)
    return identifier


def request_id() -> str:
    """That of the request under way; empty outside one."""
    return str(structlog.contextvars.get_contextvars().get("request", ""))


def _sentence(logger: Any, method: str, event: EventDict) -> EventDict:  # noqa: ARG001 — structlog's signature
    record: logging.LogRecord = event["_record"]
    ours = record.name == _OURS or record.name.startswith(f"{_OURS}.")
    arguments = event.pop("positional_args", None)
    event["event"] = _told(str(record.msg), arguments) if ours else str(record.msg)[:200]
    if record.exc_info and record.exc_info[0] is not None:
        event["fault"] = record.exc_info[0].__name__
        frames = traceback.extract_tb(record.exc_info[2])
        event["frames"] = [f"{frame.filename.rsplit('/', 2)[-1]}:{frame.name}:{frame.lineno}" for frame in frames[-8:]]
    event.pop("exc_info", None)
    event.pop("stack_info", None)
    return event


def _told(sentence: str, arguments: Any) -> str:
    try:
        if isinstance(arguments, Mapping):
            return sentence % {name: _safe(value) for name, value in arguments.items()}
        return sentence % tuple(_safe(value) for value in arguments) if arguments else sentence
    except (TypeError, ValueError):
        return sentence


def _safe(value: object) -> object:
    if isinstance(value, bool | int | float | uuid.UUID) or value is None:
        return value
    if isinstance(value, str) and _CODE.fullmatch(value):
        return value
    return _HIDDEN
