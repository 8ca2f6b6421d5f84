"""Sentences people read, in Thai and in English."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Lang = Literal["th", "en"]

BUDDHIST_OFFSET = 543


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in the two languages of the service."""

    th: str
    en: str

    def in_(self, lang: Lang) -> str:
        """Return the sentence in one language.

        Parameters
        ----------
        lang : {"th", "en"}
            Language of the reader.

        Returns
        -------
        str
            The sentence; the other language when this one is empty.
        """
        chosen, other = (self.th, self.en) if lang == "th" else (self.en, self.th)
        return chosen or other

    def format(self, **values: object) -> Text:
        """Fill ``{name}`` places in both languages.

        Parameters
        ----------
        **values : object
            What to put in.

        Returns
        -------
        Text
            The filled sentence.
        """
        return Text(th=self.th.format(**values), en=self.en.format(**values))


MONTHS: Final = (
    Text("ม.ค.", "January"), Text("ก.พ.", "February"), Text("มี.ค.", "March"),
    Text("เม.ย.", "April"), Text("พ.ค.", "May"), Text("มิ.ย.", "June"),
    Text("ก.ค.", "July"), Text("ส.ค.", "August"), Text("ก.ย.", "September"),
    Text("ต.ค.", "October"), Text("พ.ย.", "November"), Text("ธ.ค.", "December"),
)  # fmt: skip
SAMPLE_NOTICE = Text(th="ข้อมูลตัวอย่าง", en="sample data")


def day_in(day: date, lang: Lang) -> str:
    """Write a day for people.

    Parameters
    ----------
    day : date
        Of the common era.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        With the Buddhist year in Thai.

    Examples
    --------
    >>> day_in(date(2024, 2, 29), "en")
    '29 February 2024'
    """
    year = day.year + (BUDDHIST_OFFSET if lang == "th" else 0)
    return f"{day.day} {MONTHS[day.month - 1].in_(lang)} {year}"


def choose_language(asked: str | None, accepted: str) -> Lang:
    """Choose the reader's language: what was asked for, else what is accepted, else Thai.

    Parameters
    ----------
    asked : str, optional
        ``th`` or ``en``; anything else is passed over.
    accepted : str
        In the form of ``Accept-Language``: ``en-US,en;q=0.9``.

    Returns
    -------
    {"th", "en"}
        The language of the answer.
    """
    if asked in {"th", "en"}:
        return "th" if asked == "th" else "en"
    best: tuple[float, Lang] = (0.0, "th")
    for part in accepted.split(","):
        tag, _, rest = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(rest)
        if language in {"th", "en"} and weight > best[0]:
            best = (weight, "th" if language == "th" else "en")
    return best[1]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
