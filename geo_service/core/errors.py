"""Every error the service raises on purpose.

One tree; each leaf has a stable ``code``, a ``title`` in two languages and a ``detail``
that says what happened and what to do. ``geo_service.problems`` gives each branch its
HTTP status; the command line gives it an exit code. Nothing here carries SQL, file
system paths or the text of an unknown exception::

    Fault
    ├── BadRequest            what was asked cannot be understood
    │   ├── UnknownParameter
    │   ├── BadParameter
    │   ├── BadFeature         a member of a feature that is to be stored makes no sense
    │   ├── UnsupportedCRS
    │   ├── TooManyCells       the table asked for is too large
    │   ├── TooLong            the address is longer than the service reads
    │   ├── TooLarge           the body is larger than the service reads
    │   ├── HeadersTooLarge    more header fields than the service reads
    │   ├── UnknownMediaType   the body is of a type this address does not take
    │   ├── NotStated          which state a change is meant for must be said
    │   ├── NoSuchRange        a file ends before the bytes that were asked for
    │   └── MethodNotAllowed   the address exists, but not for this method
    ├── Unauthenticated       credentials are missing, wrong, expired or withdrawn
    ├── Forbidden             who asks is known, and may not
    ├── TooManyRequests       more than one caller may ask, or fail, in that time
    ├── NotFound              what was asked for does not exist
    │   ├── NoHexbins
    │   └── NoForecast
    ├── NotAcceptable         no representation the caller accepts
    ├── Refused               a file or a row that must not be loaded as it is
    │   ├── UnknownCRS
    │   ├── BadRecipe
    │   ├── BadIndicator
    │   ├── BadScenario
    │   ├── BadBackup
    │   └── UnreadableFile
    ├── Conflict              somebody else holds it, or something depends on it
    │   └── Outdated           it is no longer as the caller last saw it
    ├── Unavailable           the database or another part does not answer now
    │   ├── Busy               more work than connections; try again soon
    │   ├── TimedOut           the answer took longer than a statement may
    │   └── NoSpace            a disk is full
    ├── NotInstalled          the machine lacks something; the detail says what to run
    └── Internal              a fault of the service itself; the log has the rest
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from geo_service.core.text import Text


class Fault(Exception):
    """An error with a stable code and words for the reader.

    Parameters
    ----------
    detail : Text or str
        What happened and what to do; a ``str`` serves both languages.
    **extra : object
        Machine-readable facts (parameter, known values ...), shown to the caller.
    """

    code: ClassVar[str] = "fault"
    title: ClassVar[Text] = Text(th="เกิดข้อผิดพลาด", en="Something went wrong")

    def __init__(self, detail: Text | str, **extra: object) -> None:
        self.detail = detail if isinstance(detail, Text) else Text(th=detail, en=detail)
        self.extra = extra
        super().__init__(self.detail.en)


class BadRequest(Fault):
    """What was asked cannot be understood."""

    code = "bad-request"
    title = Text(th="คำขอไม่ถูกต้อง", en="The request cannot be understood")


class UnknownParameter(BadRequest):
    """A query parameter this address does not know."""

    code = "unknown-parameter"
    title = Text(th="ไม่รู้จักพารามิเตอร์นี้", en="Unknown parameter")


class BadParameter(BadRequest):
    """A known parameter with a value that makes no sense."""

    code = "bad-parameter"
    title = Text(th="ค่าของพารามิเตอร์ไม่ถูกต้อง", en="Bad value of a parameter")


class BadFeature(BadRequest):
    """A member of a feature that is to be stored; ``field`` names it."""

    code = "bad-feature"
    title = Text(th="ข้อมูลของรายการไม่ถูกต้อง", en="Bad member of a feature")


class UnsupportedCRS(BadRequest):
    """A coordinate reference system the service does not speak."""

    code = "unsupported-crs"
    title = Text(th="ไม่รองรับระบบพิกัดนี้", en="Unsupported coordinate reference system")


class TooManyCells(BadRequest):
    """The table asked for is larger than one answer."""

    code = "too-many-cells"
    title = Text(th="ตารางใหญ่เกินไป", en="The table is too large")


class TooLong(BadRequest):
    """The address is longer than the service reads."""

    code = "too-long"
    title = Text(th="คำขอยาวเกินไป", en="The request is too long")


class TooLarge(BadRequest):
    """The body is larger than the service reads."""

    code = "too-large"
    title = Text(th="เนื้อหาของคำขอใหญ่เกินไป", en="The content is too large")


class HeadersTooLarge(BadRequest):
    """More header fields, or longer ones, than the service reads."""

    code = "headers-too-large"
    title = Text(th="ส่วนหัวของคำขอใหญ่เกินไป", en="The header fields are too large")


class UnknownMediaType(BadRequest):
    """The body is of a type this address does not take; ``known`` lists those it does."""

    code = "unknown-media-type"
    title = Text(th="ไม่รับเนื้อหาชนิดนี้", en="Unknown type of content")


class NotStated(BadRequest):
    """Which state a change is meant for must be said: ``If-Match``."""

    code = "not-stated"
    title = Text(th="ต้องระบุสถานะที่จะแก้ไข", en="Say which state is to be changed")


class MethodNotAllowed(BadRequest):
    """The address exists, but not for this method."""

    code = "method-not-allowed"
    title = Text(th="ไม่รองรับวิธีเรียกนี้", en="Method not allowed")


class NoSuchRange(BadRequest):
    """A file ends before the bytes that were asked for; ``size`` is how many it has."""

    code = "no-such-range"
    title = Text(th="ไฟล์ไม่มีช่วงที่ขอ", en="The file has no such range")


class Unauthenticated(Fault):
    """Credentials that are missing, wrong, expired or withdrawn."""

    code = "unauthenticated"
    title = Text(th="ต้องลงชื่อเข้าใช้", en="Sign-in is needed")


class Forbidden(Fault):
    """Who asks is known, and may not."""

    code = "forbidden"
    title = Text(th="ไม่มีสิทธิ์", en="Not allowed")


class TooManyRequests(Fault):
    """More than one caller may ask, or fail, in that time; ``retryAfter`` says how long."""

    code = "too-many-requests"
    title = Text(th="เรียกถี่เกินไป", en="Too many requests")


class NotFound(Fault):
    """What was asked for does not exist."""

    code = "not-found"
    title = Text(th="ไม่พบสิ่งที่ขอ", en="Not found")


class NoHexbins(NotFound):
    """What cannot be added up or divided in space, and so cannot be shown in hexagons."""

    code = "no-hexbins"
    title = Text(th="ไม่มีแผนที่หกเหลี่ยม", en="Not available in hexagons")


class NoForecast(NotFound):
    """An indicator of which nothing can be forecast: classes, or no yearly values."""

    code = "no-forecast"
    title = Text(th="ไม่มีการพยากรณ์", en="There is no forecast")


class NotAcceptable(Fault):
    """No representation that the caller accepts."""

    code = "not-acceptable"
    title = Text(th="ไม่มีรูปแบบที่ขอ", en="No acceptable representation")


class Refused(Fault):
    """A file or a row that must not be loaded as it is."""

    code = "refused"
    title = Text(th="ไม่รับข้อมูลนี้", en="The data was refused")


class UnknownCRS(Refused):
    """Coordinates whose reference system is not stated, or that contradict it."""

    code = "unknown-crs"
    title = Text(th="ไม่ทราบระบบพิกัดของข้อมูล", en="Coordinate reference system unknown")


class BadRecipe(Refused):
    """A recipe that does not fit itself or the file."""

    code = "bad-recipe"
    title = Text(th="สูตรนำเข้าข้อมูลไม่ถูกต้อง", en="The recipe does not fit")


class BadIndicator(Refused):
    """An indicator that cannot be formed as its file says."""

    code = "bad-indicator"
    title = Text(th="นิยามตัวชี้วัดไม่ถูกต้อง", en="The indicator cannot be formed")


class BadScenario(Refused):
    """A scenario that is not one: levers on nothing, years out of reach, unlike units."""

    code = "bad-scenario"
    title = Text(th="ฉากทัศน์ไม่ถูกต้อง", en="The scenario cannot be calculated")


class UnreadableFile(Refused):
    """A file that is not what it claims to be."""

    code = "unreadable-file"
    title = Text(th="อ่านไฟล์นี้ไม่ได้", en="The file cannot be read")


class BadBackup(Refused):
    """A file that is no backup, a damaged one, or one of a later version."""

    code = "bad-backup"
    title = Text(th="ใช้ไฟล์สำรองนี้ไม่ได้", en="The backup cannot be used")


class Conflict(Fault):
    """Somebody else holds it, or something depends on it."""

    code = "conflict"
    title = Text(th="ขัดแย้งกับข้อมูลหรืองานอื่น", en="In conflict with something else")


class Outdated(Conflict):
    """What is to be changed is no longer as the caller last saw it."""

    code = "outdated"
    title = Text(th="ข้อมูลถูกแก้ไขไปแล้ว", en="Changed in the meantime")


class Unavailable(Fault):
    """The database or another part does not answer now."""

    code = "unavailable"
    title = Text(th="บริการไม่พร้อมชั่วคราว", en="Temporarily unavailable")


class Busy(Unavailable):
    """More work than there are connections; try again soon."""

    code = "busy"
    title = Text(th="มีผู้ใช้งานจำนวนมาก กรุณาลองใหม่อีกครั้ง", en="Busy; try again soon")


class TimedOut(Unavailable):
    """The answer took longer than a statement may."""

    code = "timed-out"
    title = Text(th="ใช้เวลาประมวลผลนานเกินกำหนด", en="The answer took too long")


class NoSpace(Unavailable):
    """A disk is full: nothing more can be written."""

    code = "no-space"
    title = Text(th="พื้นที่จัดเก็บเต็ม", en="There is no space left")


class NotInstalled(Fault):
    """The machine lacks something; the detail says what to run."""

    code = "not-installed"
    title = Text(th="ยังไม่ได้ติดตั้งสิ่งที่จำเป็น", en="Something is not installed")


class Internal(Fault):
    """A fault of the service itself; the log has the rest."""

    code = "internal-error"
    title = Text(th="เกิดข้อผิดพลาดภายในระบบ", en="Internal error")


class NotModified(Exception):
    """No error: the caller's copy is still good, and the answer stops here.

    Parameters
    ----------
    headers : mapping of str to str
        What the answer says instead of its content.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__("not modified")
        self.headers = dict(headers)
