"""What is wrong with a value of a file that staff wrote, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geo_service.core.text import Text

#: By type of pydantic's fault; the words in braces are its limits.
_WORDS: Final[Mapping[str, Text]] = {
    "literal_error": Text("เลือกได้จาก {expected}", "it is one of {expected}"),
    "float_parsing": Text("ต้องเป็นตัวเลข", "it must be a number"),
    "float_type": Text("ต้องเป็นตัวเลข", "it must be a number"),
    "int_parsing": Text("ต้องเป็นจำนวนเต็ม", "it must be a whole number"),
    "int_type": Text("ต้องเป็นจำนวนเต็ม", "it must be a whole number"),
    "int_from_float": Text("ต้องเป็นจำนวนเต็ม", "it must be a whole number"),
    "bool_parsing": Text("ต้องเป็น true หรือ false", "it must be true or false"),
    "bool_type": Text("ต้องเป็น true หรือ false", "it must be true or false"),
    "string_type": Text("ต้องเป็นข้อความ", "it must be text"),
    "string_too_short": Text("ต้องไม่ว่าง", "it must not be empty"),
    "string_pattern_mismatch": Text("ต้องตรงกับรูปแบบ {pattern}", "it must match {pattern}"),
    "tuple_type": Text("ต้องเป็นรายการ", "it must be a list"),
    "list_type": Text("ต้องเป็นรายการ", "it must be a list"),
    "dict_type": Text("ต้องเป็นตาราง key = value", "it must be a table of key = value"),
    "too_short": Text(
        "ต้องมีอย่างน้อย {min_length} รายการ", "it must have {min_length} entries or more"
    ),
    "too_long": Text("มีได้ไม่เกิน {max_length} รายการ", "it may have {max_length} entries at most"),
    "less_than_equal": Text("ต้องไม่เกิน {le}", "it must be {le} or less"),
    "less_than": Text("ต้องน้อยกว่า {lt}", "it must be less than {lt}"),
    "greater_than_equal": Text("ต้องไม่น้อยกว่า {ge}", "it must be {ge} or more"),
    "greater_than": Text("ต้องมากกว่า {gt}", "it must be more than {gt}"),
    "date_type": Text("ต้องเป็นวันที่ เช่น 2024-01-01", "it must be a date such as 2024-01-01"),
    "date_from_datetime_parsing": Text(
        "ต้องเป็นวันที่ เช่น 2024-01-01", "it must be a date such as 2024-01-01"
    ),
}


class Fault(ValueError):
    """What a rule of ours finds wrong in a part of a file."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.en)
        self.said = said


def reason_of(fault: Mapping[str, Any]) -> Text:
    """Say why a value cannot be used.

    Parameters
    ----------
    fault : mapping of str to any
        One of pydantic's ``errors()``.

    Returns
    -------
    Text
        A clause; of rare faults in the words of pydantic.
    """
    context = fault.get("ctx", {})
    error = context.get("error")
    if isinstance(error, Fault):
        return error.said
    words = _WORDS.get(fault["type"])
    if words is not None:
        said = {name: str(value).replace("' or '", "', '") for name, value in context.items()}
        return words.format(**said)
    other = str(fault["msg"]).removeprefix("Value error, ")
    return Text(th=other, en=other)
