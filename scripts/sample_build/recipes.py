"""Recipes of the sample's tables: what each is called and how its rows are read.

They are written beside the files, so that the sample goes through the ordinary ingest. Recipes
of shapes and organisations are not made here but kept by hand in ``ingest/sample``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sample_build.tables import NOT_APPLICABLE, Table

PERIOD_HEADINGS = {
    "year_be": "gregorian",
    "fiscal_year_be": "fiscal",
    "academic_year_be": "academic",
}
#: Tables whose headings name the year: the heading and the indicator.
WIDE = {
    "population": ("pop_{year}", "pop_total"),
    "population_district": ("pop_{year}", "pop_total"),
    "population_org": ("pop_{year}", "pop_total"),
    "households": ("houses_{year}", "households"),
}
SITE_TYPES = "waste_site_types_province"
AGES, AGES_BY_SEX = "five_year_ages_district", "ages_by_sex_province"


@dataclass(frozen=True, slots=True)
class Known:
    """What a table is called, and the published totals it must add up to."""

    title_th: str
    title_en: str
    level: str
    totals: tuple[tuple[str, str, float], ...] = ()
    """Indicator, period, total in the indicator's unit."""


KNOWN: dict[str, Known] = {
    "population": Known(
        "ประชากรรายตำบล พ.ศ. 2562-2567", "Population by sub-district, 2019-2024", "subdistrict",
        (("pop_total", "2564", 66_171_439), ("pop_total", "2567", 64_989_504)),
    ),
    "population_district": Known(
        "ประชากรรายอำเภอ พ.ศ. 2556-2561", "Population by district, 2013-2018", "district"
    ),
    "households": Known("จำนวนบ้านรายตำบล", "Registered houses by sub-district", "subdistrict"),
    "population_org": Known("ประชากรราย อปท.", "Population by local organisation", "org"),
    "households_org": Known("จำนวนบ้านราย อปท.", "Houses by local organisation", "org"),
    "population_latent": Known(
        "ประชากรแฝงรายจังหวัด", "Latent population by province", "province",
        (("pop_latent", "2566", 9_250_000),),
    ),
    "ages_subdistrict": Known(
        "กลุ่มอายุรายตำบล", "Age groups by sub-district", "subdistrict",
        (("pop_60p", "2567", 13_450_391),),
    ),
    "ages_district": Known("กลุ่มอายุรายอำเภอ", "Age groups by district", "district"),
    "age_bands_district": Known(
        "ผู้สูงอายุตามช่วงวัยรายอำเภอ", "Older persons by band of age and district", "district",
        (("pop_60_69", "2567", 7_593_731), ("pop_70_79", "2567", 3_987_082),
         ("pop_80_89", "2567", 1_516_689), ("pop_90p", "2567", 352_889)),
    ),
    AGES: Known(
        "ประชากรตามช่วงอายุห้าปีรายอำเภอ พ.ศ. 2557 2562 2567",
        "Population by five years of age and district, 2014, 2019, 2024", "district",
    ),
    AGES_BY_SEX: Known(
        "ประชากรตามเพศและช่วงอายุห้าปีรายจังหวัด พ.ศ. 2557 2562 2567",
        "Population by sex, five years of age and province, 2014, 2019, 2024", "province",
    ),
    "elder_care_district": Known(
        "การคัดกรอง ADL และผู้ดูแลรายอำเภอ", "ADL screening and carers by district", "district"
    ),
    "allowances_district": Known(
        "เบี้ยยังชีพและเบี้ยความพิการรายอำเภอ", "Allowances by district", "district",
        (("oaa_recipients", "FY2560", 8_157_175), ("dis_allow_recipients", "FY2560", 1_491_947)),
    ),
    "disability_district": Known(
        "คนพิการที่มีบัตรรายอำเภอ", "Disability-card holders by district", "district",
        (("dis_card", "2561", 1_916_828),),
    ),
    "living_alone_district": Known(
        "ผู้สูงอายุอยู่ลำพังรายอำเภอ", "Older persons living alone by district", "district"
    ),
    "older_person_centres_district": Known(
        "จำนวนศูนย์ผู้สูงอายุรายอำเภอ", "Older-person centres by district", "district"
    ),
    "older_person_access_district": Known(
        "ผู้สูงอายุในระยะ 10 กม. จากศูนย์รายอำเภอ", "Older persons within 10 km of a centre, by district",
        "district",
    ),
    "waste_province": Known(
        "ขยะมูลฝอยรายจังหวัด พ.ศ. 2556-2567", "Municipal waste by province, 2013-2024", "province",
        (("waste_gen_tpd", "2560", 74_998), ("waste_utilised_tpd", "2560", 23_319),
         ("waste_proper_tpd", "2560", 32_022), ("waste_proper_tpd", "2563", 24_962),
         ("waste_gen_tpd", "2565", 70_411), ("waste_utilised_tpd", "2565", 24_203),
         ("waste_proper_tpd", "2565", 26_889), ("waste_improper_tpd", "2565", 19_319),
         ("waste_backlog_t", "2564", 7_500_000)),
    ),
    "waste_hazard_province": Known(
        "ของเสียอันตรายชุมชนรายจังหวัด", "Household hazardous waste by province", "province"
    ),
    "waste_org": Known(
        "ขยะมูลฝอยราย อปท. พ.ศ. 2565-2567", "Municipal waste by local organisation, 2022-2024", "org"
    ),
    "waste_service_org": Known(
        "ค่าธรรมเนียมและค่าใช้จ่ายขยะราย อปท.", "Waste fees and costs by local organisation", "org"
    ),
    "waste_sites_province": Known(
        "จำนวนสถานที่กำจัดและสถานีขนถ่ายรายจังหวัด", "Disposal sites and transfer stations by province",
        "province",
        (("waste_sites_n", "2562", 2_666), ("waste_transfer_n", "2562", 25),
         ("waste_sites_n", "2564", 2_137), ("waste_transfer_n", "2564", 31)),
    ),
    SITE_TYPES: Known(
        "สถานที่กำจัดตามประเภทรายจังหวัด พ.ศ. 2564", "Disposal sites by type and province, 2021",
        "province",
    ),
    "waste_site_load_province": Known(
        "ปริมาณเข้าและความจุสถานที่กำจัดรายจังหวัด", "Inflow and capacity of disposal sites by province",
        "province",
    ),
    "works_org": Known(
        "โครงสร้างพื้นฐานราย อปท. พ.ศ. 2567", "Infrastructure by local organisation, 2024",
        "org",
    ),
    "works_province": Known(
        "โครงสร้างพื้นฐานรายจังหวัด พ.ศ. 2556-2567", "Infrastructure by province, 2013-2024", "province",
        (("road_local_km", "2559", 352_465.5), ("road_local_km", "2561", 352_465.5),
         ("road_local_km", "2562", 597_667)),
    ),
    "child_centres_org": Known(
        "ศูนย์พัฒนาเด็กเล็กราย อปท.", "Child centres by local organisation", "org"
    ),
    "health_centres_district": Known(
        "รพ.สต. และการถ่ายโอนรายอำเภอ", "Health centres and their transfer by district", "district",
        (("phc_n", "FY2567", 9_872), ("phc_pao_n", "FY2567", 4_276)),
    ),
    "shelters_district": Known(
        "ศูนย์อพยพและประชากรเสี่ยงรายอำเภอ", "Shelters and people exposed by district", "district"
    ),
    "travel_subdistrict": Known(
        "เวลาเดินทางไปโรงพยาบาลรายตำบล", "Travel time to hospital by sub-district", "subdistrict"
    ),
    "finance_org": Known("การเงินราย อปท.", "Finance by local organisation", "org"),
    "finance_province": Known(
        "การเงินของ อปท. รายจังหวัด", "Finance of local organisations by province", "province",
        (("rev_total", "FY2561", 720_822_000_000), ("rev_own", "FY2561", 112_000_000_000)),
    ),
    "lpa_org": Known("คะแนน LPA ราย อปท.", "Performance scores by local organisation", "org"),
}  # fmt: skip

HEAD = """\
# Written by scripts/build_sample.py; the next build overwrites changes made here.

not_applicable = ["{not_applicable}"]

[dataset]
id = "sample-{slug}"
kind = "indicators"
title_th = "ข้อมูลตัวอย่าง: {title_th}"
title_en = "Sample: {title_en}"
publisher_th = "โครงการนี้ (ข้อมูลสังเคราะห์ ไม่ใช่สถิติทางการ)"
publisher_en = "This project (synthetic, not official statistics)"
licence = "MIT AND CC-BY-4.0"
attribution_th = "ค่าสังเคราะห์เทียบกับตัวเลขระดับประเทศที่เผยแพร่ ชื่อและรหัสพื้นที่จาก GeoThai (CC BY 4.0)"
attribution_en = "Synthetic, fitted to published totals; names and codes: GeoThai (CC BY 4.0)"
source_url = "https://github.com/GeoThai/data"
is_sample = true

[file]
format = "csv"
encoding = "utf-8"

[place]
level = "{level}"
code = "code"
"""


def recipe_of(table: Table) -> bytes | None:
    """Write the recipe of a table.

    Parameters
    ----------
    table : Table
        One of those that hold indicator values.

    Returns
    -------
    bytes or None
        TOML, or ``None`` for a table that holds no indicator values.
    """
    known = KNOWN.get(table.name)
    if known is None:
        return None
    head = HEAD.format(
        not_applicable=NOT_APPLICABLE,
        slug=table.name.replace("_", "-"),
        title_th=known.title_th,
        title_en=known.title_en,
        level=known.level,
    )
    if known.level == "org":
        head += 'system = "dla7"\n'
    period = next((one for one in table.headings if one in PERIOD_HEADINGS), None)
    lines = [head, "\n[period]\n"]
    lines.append(
        f'heading = "{period}"\ncalendar = "{PERIOD_HEADINGS[period]}"\n' if period else ""
    )
    lines.append('era = "be"\n')
    lines += _columns(table)
    lines += [
        f'\n[[checks.totals]]\nindicator = "{key}"\nperiod = "{when}"\n'
        f"printed = {value}\ntolerance = 0.5\n"
        for key, when, value in known.totals
    ]
    return "".join(lines).encode()


def _columns(table: Table) -> Iterable[str]:
    if table.name in WIDE:
        heading, indicator = WIDE[table.name]
        yield f'\n[[columns]]\nheading = "{heading}"\nindicator = "{indicator}"\n'
        return
    for heading in table.headings:
        if heading == "code" or heading in PERIOD_HEADINGS:
            continue
        key, breakdown = _meaning(table.name, heading)
        yield f'\n[[columns]]\nheading = "{heading}"\nindicator = "{key}"\n{breakdown}'


def _meaning(table: str, heading: str) -> tuple[str, str]:
    # The indicator of a column, and the line that names its breakdown.
    if table == SITE_TYPES:
        return "waste_sites_n", f'breakdown = {{ site_type = "{heading}" }}\n'
    if table == AGES:
        return "pop_total", f'breakdown = {{ age = "{heading}" }}\n'
    if table == AGES_BY_SEX:
        sex, _, age = heading.partition("_")
        members = f'sex = "{sex}", age = "{age}"' if age else f'sex = "{sex}"'
        return "pop_total", f"breakdown = {{ {members} }}\n"
    return heading, ""
