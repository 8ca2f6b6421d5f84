"""Questions that planners ask, ready to be opened on the pivot page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from geo_service.core.text import Lang, Text
from geo_service.deps.cube import form_of
from layers.cube.query import PLACE_DIMENSIONS, TIME_DIMENSIONS, Names
from web.pivot_choices import Option

_EXAMPLES: Final[tuple[tuple[Text, tuple[str, ...], dict[str, str]], ...]] = (
    (
        Text("จังหวัดที่กำจัดขยะไม่ถูกต้องเกิน 40 % ทั้งสามปี และมีประชากรเกิน 100,000 คน",
             "Provinces above 100,000 people with over 40 % improper disposal three years running"),
        ("waste_improper_tpd", "waste_gen_tpd", "pop_total"),
        {"measures": "waste_improper_tpd,waste_gen_tpd", "rows": "province", "columns": "year",
         "filter": "each(100 * waste_improper_tpd / waste_gen_tpd > 40, '2562/2564')"
                   " AND pop_total(2564) > 100000 AND year BETWEEN 2562 AND 2564"},
    ),
    (
        Text("ขยะที่เกิดขึ้นรายภาค และสัดส่วนของทั้งประเทศ",
             "Waste by region, and its share of the country"),
        ("waste_gen_tpd",),
        {"measures": "waste_gen_tpd,waste_gen_tpd.share,waste_gen_tpd.change_pct", "rows": "region",
         "totals": "rows"},
    ),
    (
        Text("10 จังหวัดที่มีขยะต่อคนต่อวันมากที่สุด และอันดับ",
             "The ten provinces with most waste per person"),
        ("waste_gen_rate",),
        {"measures": "waste_gen_rate,waste_gen_rate.rank", "rows": "province", "top": "10"},
    ),
    (
        Text("ประชากรชายและหญิงรายจังหวัด", "Men and women by province"),
        ("pop_total",),
        {"measures": "pop_total", "rows": "province", "columns": "sex", "totals": "columns"},
    ),
    (
        Text("ประชากรใน อปท. ตามประเภทและขนาด", "People by type and size of organisation"),
        ("pop_total",),
        {"measures": "pop_total,pop_total.reporting", "rows": "kind,size", "totals": "rows",
         "filter": "tier = 'lower'"},
    ),
    (
        Text("สถานที่กำจัดขยะตามประเภท รายภาค", "Disposal sites by type and region"),
        ("waste_sites_n",),
        {"measures": "waste_sites_n", "rows": "region", "columns": "site_type",
         "totals": "columns"},
    ),
)  # fmt: skip


def examples(names: Names, valued: Collection[str], lang: Lang) -> list[Option]:
    """List questions that planners ask, as far as their data is there.

    Parameters
    ----------
    names : Names
        What there is.
    valued : collection of str
        Keys of indicators with values.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    list of Option
        Words and addresses.
    """
    found = []
    for words, needs, asked in _EXAMPLES:
        if set(needs) <= set(valued) and {*asked.get("columns", "").split(",")} <= {
            *PLACE_DIMENSIONS, *TIME_DIMENSIONS, *names.slices, "",
        }:  # fmt: skip
            found.append(Option(words.in_(lang), form_of(asked).address(lang=lang, f="html")))
    return found
