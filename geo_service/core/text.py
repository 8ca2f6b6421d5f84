"""Sentences people read, in Thai and in English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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


SAMPLE_NOTICE = Text(th="ข้อมูลตัวอย่าง", en="sample data")
