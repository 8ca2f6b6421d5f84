"""The page on which a scenario is written, and one's own are taken out."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from geo_service.core.text import BUDDHIST_OFFSET, Lang, Text
from geo_service.deps.shown import Drafted
from layers.words import THEME_NAMES
from web.signed_in import ground, respond_alone
from web.words import words

_FIELDS: Final = ("title", "assumption", "indicator", "amount", "where")
_TEXTS: Final = (
    "indicator", "amount", "title_th", "title_en", "assumption_th", "assumption_en",
)  # fmt: skip
_KINDS: Final = {
    "percent": Text("เปลี่ยนไปร้อยละ (ลดลงใส่ลบ)", "By per cent (minus is less)"),
    "add": Text("บวกเข้าทุกพื้นที่ (หน่วยเดียวกัน)", "Add to each place (same unit)"),
    "target": Text("ให้ทุกพื้นที่ถึงค่านี้", "Bring each place to this value"),
}
_RAMPS: Final = {
    "linear": Text("ค่อย ๆ เท่ากันทุกปี", "in equal steps"),
    "s-curve": Text("เริ่มช้า เร็วตรงกลาง", "slowly at first"),
    "step": Text("เต็มตั้งแต่ปีแรก", "in full at once"),
}


def page(shown: Drafted, status: int = 200) -> Response:
    """Show the form, with what was typed when it was refused.

    Parameters
    ----------
    shown : Drafted
        What to show.
    status : int
        HTTP status.

    Returns
    -------
    Response
        The page.
    """
    lang, said = shown.lang, shown.said
    done = words(lang)["scenario_removed"] if shown.done == "removed" else ""
    context = {
        **ground(
            lang, "/scenarios/new", csrf=shown.csrf, fault=shown.fault, done=done, fields=_FIELDS
        ),
        "themes": _indicators(shown),
        "years": [(year, _year(year, lang)) for year in shown.offer.years],
        "kinds": [(key, one.in_(lang)) for key, one in _KINDS.items()],
        "ramps": [(key, one.in_(lang)) for key, one in _RAMPS.items()],
        "regions": [
            (one.code, one.name.in_(lang), [(code, name.in_(lang)) for code, name in one.provinces])
            for one in shown.offer.regions
        ],
        "typed": _typed(shown),
        "ticked": {*said.texts("regions"), *said.texts("provinces")} if said else set(),
        "own": [
            (one.name, one.document.title.in_(lang), f"/scenarios/{one.name}?f=html&lang={lang}")
            for one in shown.own
        ],
    }
    return respond_alone("scenario_new.html", lang, context, status)


def _typed(shown: Drafted) -> dict[str, str]:
    years = [str(year) for year in shown.offer.years]
    usual = dict.fromkeys(_TEXTS, "") | {
        "kind": "percent", "where": "country", "ramp": "linear",
        "from": str(shown.offer.start), "to": years[-1] if years else "",
    }  # fmt: skip
    if shown.said is None:
        return usual
    return usual | {name: values[0] for name, values in shown.said.fields.items() if values}


def _indicators(shown: Drafted) -> list[tuple[str, list[tuple[str, str]]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for one in shown.offer.indicators:
        name = f"{one.name.in_(shown.lang)} ({one.unit.in_(shown.lang)})"
        found.setdefault(one.theme, []).append((one.key, name))
    return [(THEME_NAMES[theme].in_(shown.lang), rows) for theme, rows in found.items()]


def _year(year: int, lang: Lang) -> str:
    return f"พ.ศ. {year + BUDDHIST_OFFSET}" if lang == "th" else str(year)
