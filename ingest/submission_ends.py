"""What became of a process that worked on a submission: words for who sent it, a trace for the log.

What the process writes to its standard error goes to a file without a name: it outlives the server
that started it, and its end is all that is read.
"""

from __future__ import annotations

import logging
import re
import signal
from datetime import datetime
from typing import IO, Final

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from geo_service.core.db import engine_url, make_engine, transaction
from geo_service.core.text import Text
from ingest import submissions
from ingest.submission_words import CUT
from ingest.submissions import Submission

log = logging.getLogger(__name__)

#: Of what a process wrote last, so much is kept, and so much of a line.
TAIL_BYTES: Final = 8_000
_LINE: Final = 300
#: What PostgreSQL adds may repeat what stood in a row.
_OF_ROWS: Final = re.compile(r"\s*(?:DETAIL|CONTEXT|HINT|LINE \d+|\[SQL|\[parameters)\b")
_LOGIN: Final = re.compile(r"(\w+://)[^\s/@]*@")


def last_words(written: IO[bytes], url: str) -> str:
    """Read the end of what a process wrote, without what nobody should find in a log.

    Parameters
    ----------
    written : file
        Its standard error.
    url : str
        Of the database: neither its login nor its password is repeated.

    Returns
    -------
    str
        At most `TAIL_BYTES`; without lines that may repeat rows of a file.
    """
    size = written.seek(0, 2)
    written.seek(max(0, size - TAIL_BYTES))
    words = written.read(TAIL_BYTES).decode("utf-8", "replace")
    password = make_url(engine_url(url)).password
    if password:
        words = words.replace(str(password), "***")
    words = _LOGIN.sub(r"\1***@", words)
    return "\n".join(line[:_LINE] for line in words.splitlines() if not _OF_ROWS.match(line))


def tell(number: int, url: str, *, ended: int, began: datetime) -> None:
    """Say in the row of a submission why its process ended, where it could not say so itself.

    Parameters
    ----------
    number : int
        Of the submission.
    url : str
        Of the database.
    ended : int
        Return code; of a signal, its number below zero.
    began : datetime
        When the process was started; work that began later is another's.
    """
    engine = make_engine(url)
    try:
        with transaction(engine) as session:
            one = session.get(Submission, number, with_for_update=True)
            if one is None or one.started_at is None or one.started_at > began:
                return
            why = why_of(ended)
            if one.task:
                submissions.end_task(one, fault=why)
            elif one.fault_en == CUT.en:
                one.fault_th, one.fault_en = why.th, why.en
    except SQLAlchemyError:
        # Whoever looks at it next finds that nobody works on it any more.
        log.warning("the end of a submission could not be told", extra={"submission": number})
    finally:
        engine.dispose()


def why_of(ended: int) -> Text:
    """Say why a process ended.

    Parameters
    ----------
    ended : int
        Return code; of a signal, its number below zero.

    Returns
    -------
    Text
        For who sent the file.
    """
    return _SIGNALS.get(-ended, CUT)


_SIGNALS: Final = {
    int(signal.SIGALRM): Text(
        th="งานใช้เวลานานเกินกำหนดจึงหยุด ไม่มีข้อมูลใดเปลี่ยน โปรดแบ่งไฟล์",
        en="The work took longer than it may and was stopped; nothing was changed; split the file",
    ),
    int(signal.SIGKILL): Text(
        th="เครื่องหยุดงานนี้ (มักเพราะหน่วยความจำไม่พอ) ไม่มีข้อมูลใดเปลี่ยน สั่งใหม่ได้หรือแบ่งไฟล์",
        en="The machine stopped the work, mostly for want of memory; nothing was changed; do it"
        " again or split the file",
    ),
}
