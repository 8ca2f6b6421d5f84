"""A log line is an event with fields: JSON for machines, one plain line for a person.

Callers write ``log.info("ingest finished", extra={"run": 7, "loaded": 7_790})``; the fields
stay fields. No field holds a person, a password or a whole row.
"""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

#: What every log record carries; whatever else it carries was said by the caller.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}


@dataclass(frozen=True, slots=True)
class Traced:
    """The name of a request, and of the trace it is a part of."""

    request: str
    trace: str | None = None


#: The request that log lines are about, where there is one.
REQUEST: ContextVar[Traced | None] = ContextVar("request", default=None)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return what the caller said beside the event.

    Parameters
    ----------
    record : logging.LogRecord
        Any record.

    Returns
    -------
    dict
        The ``extra`` of the call, and the request it is about.
    """
    said = {key: value for key, value in vars(record).items() if key not in _OWN}
    traced = REQUEST.get()
    if traced is not None:
        said["request"] = traced.request
        if traced.trace is not None:
            said["trace"] = traced.trace
    return said


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at``, ``level``, ``logger``, ``event`` and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record.

        Parameters
        ----------
        record : logging.LogRecord
            Any record.

        Returns
        -------
        str
            JSON without line breaks.
        """
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class PlainLines(logging.Formatter):
    """The event, then its fields as ``key=value``."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record.

        Parameters
        ----------
        record : logging.LogRecord
            Any record.

        Returns
        -------
        str
            One line; more when there is an exception.
        """
        said = f"{record.levelname.lower()}: {record.getMessage()}"
        fields = " ".join(f"{key}={value}" for key, value in fields_of(record).items())
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return f"{said} {fields}".rstrip() + trace


def configure(level: str, *, as_json: bool | None = None) -> None:
    """Send all log events to standard error.

    Parameters
    ----------
    level : str
        Least severe event that is written, such as ``"INFO"``.
    as_json : bool, optional
        JSON lines or plain ones; by default plain on a terminal and JSON otherwise.
    """
    if as_json is None:
        as_json = not sys.stderr.isatty()
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if as_json else PlainLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
