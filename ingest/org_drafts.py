"""From the rows of a list of organisations to drafts, each oddity told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import shapely
from pydantic import Field

from boundaries import names
from boundaries.lookup import Found, Gazetteer
from geo_service.core.crs import THAILAND_BBOX
from geo_service.core.text import Text
from ingest.clean import clean_text, heading_key
from ingest.load import Loading
from ingest.read import Row, Table, read_table
from ingest.recipe_parts import Part
from ingest.spelling import tell_repairs

#: More people on a square kilometre than anywhere in the country: the size must be wrong.
MOST_PERSONS_PER_KM2 = 20_000.0

#: Headings under which a list says whom an organisation replaces, and since when.
REPLACES = ("replaces", "replaces_codes", "แทน", "แทน อปท.", "แทนรหัส", "ยุบรวมจาก")
SINCE = ("since", "effective_from", "ตั้งแต่", "ตั้งแต่วันที่", "มีผลตั้งแต่", "วันที่มีผล")

_TITLES: dict[str, tuple[str, str]] = {
    "PAO": ("อบจ.", " Provincial Administrative Organization"),
    "city": ("เทศบาลนคร", " City Municipality"),
    "town": ("เทศบาลเมือง", " Town Municipality"),
    "subdistrict_municipality": ("เทศบาลตำบล", " Subdistrict Municipality"),
    "SAO": ("อบต.", " Subdistrict Administrative Organization"),
}
_FIXED: dict[str, tuple[str, str]] = {
    "BMA": ("กรุงเทพมหานคร", "Bangkok Metropolitan Administration"),
    "Pattaya": ("เมืองพัทยา", "Pattaya City"),
}


class OrgsPart(Part):
    """The section ``orgs`` of a recipe; words are headings of the file.

    ``known_km2`` gives sizes by code for organisations whose row states none. ``replaces`` and
    ``since`` are headings that a file may have: whom an organisation replaces, and from when.

    ``mode = "codes"`` is for a list older than the one that is loaded: it adds codes and
    findings to organisations that are known, and no organisations.
    """

    mode: Literal["list", "codes"] = "list"
    code: str
    geocode: str | None = None
    kind: str
    name_th: str
    name_en: str | None = None
    province: str
    district: str | None = None
    lat: str | None = None
    lon: str | None = None
    point_source: str | None = None
    point_sources: dict[str, Literal["office", "centroid", "illustrative"]] = Field(default={})
    size: str | None = None
    area_km2: str | None = None
    known_km2: dict[str, Annotated[float, Field(gt=0)]] = Field(default={})
    population: str | None = None
    covers: str | None = None
    covers_whole: str = "c"
    separator: str = Field(default=";", min_length=1, max_length=1)
    website: str | None = None
    wikidata: str | None = None
    replaces: str | tuple[str, ...] = REPLACES
    since: str | tuple[str, ...] = SINCE


@dataclass(slots=True)
class OrgDraft:
    """An organisation as it will be stored; the point in degrees, EPSG:4326.

    ``covers`` holds (sub-district id, whole or part); ``area_km2`` as stated; ``population``
    in persons. ``replaces_said`` and ``since_said`` are what the row says about whom it follows
    and from when; `ingest.succession` reads them.
    """

    row: int
    code: str
    kind: str
    name_th: str
    name_en: str
    bare_th: str
    province_id: int
    province_code: str
    geocode: str = ""
    replaces_said: str = ""
    since_said: str = ""
    district_id: int | None = None
    point: shapely.Point | None = None
    point_source: str = "none"
    area_km2: float | None = None
    population: float | None = None
    size_class: str | None = None
    website: str | None = None
    wikidata: str | None = None
    covers: dict[int, Literal["whole", "part"]] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    #: Attributes that the recipe states, surer than what other rows of the file say.
    sure: set[str] = field(default_factory=set)

    @property
    def tier(self) -> str:
        """``upper`` for a provincial organisation, ``lower`` for the others."""
        return "upper" if self.kind == "PAO" else "lower"

    def named_in_english(self, bare: str) -> str:
        """Write its English name with the title of its kind.

        Parameters
        ----------
        bare : str
            Without a title; may be empty.

        Returns
        -------
        str
            Empty when the bare name is.
        """
        return _titled(self.kind, self.bare_th, bare)[1]


@dataclass(slots=True)
class Reader:
    """Reads the rows of one list; says what is odd about each."""

    loading: Loading
    part: OrgsPart
    gazetteer: Gazetteer
    #: Headings of the file that say whom a row replaces and since when; None where it has none.
    replaces: str | None = None
    since: str | None = None

    def read(self) -> list[OrgDraft]:
        """Read the whole list.

        Returns
        -------
        list of OrgDraft
            In the order of the file; rows that cannot be taken are left out and told.
        """
        part = self.part
        names_used = part.model_dump(include=_HEADINGS).values()
        wanted = [one for one in names_used if isinstance(one, str)]
        table = read_table(self.loading.source, self.loading.recipe.file, wanted)
        for heading in wanted:
            table.heading(heading)
        self.replaces, self.since = _found(table, part.replaces), _found(table, part.since)
        rows = [row for row in table.rows if self._is_wanted(row)]
        self.loading.report.rows_read = len(rows)
        tell_repairs(self.loading, rows, [table.heading(one) for one in wanted])
        drafts = [self._draft(row) for row in rows]
        return [draft for draft in drafts if draft is not None]

    def tell(
        self,
        draft: OrgDraft | Row,
        reason: str,
        hint: Text,
        **said: object,
    ) -> None:
        """Note something about a row.

        Parameters
        ----------
        draft : OrgDraft or Row
            What it is about.
        reason : str
            A key of ``ingest.reasons.REASONS``.
        hint : Text
            What is odd and what was done.
        **said : object
            ``column``, ``said``, ``severity``, ``candidates`` as ``Loading.reject`` takes them.
        """
        row = draft.row if isinstance(draft, OrgDraft) else draft.number
        self.loading.reject(reason=reason, hint=hint, row=row, **said)  # type: ignore[arg-type]

    def _is_wanted(self, row: Row) -> bool:
        only = self.loading.recipe.rows.only
        return all(self._cell(row, heading) in words for heading, words in only.items())

    def _draft(self, row: Row) -> OrgDraft | None:
        part = self.part
        kind = names.org_kind(self._cell(row, part.kind))
        if kind is None:
            self.tell(
                row,
                "unknown-kind",
                Text(th="ไม่รู้จักประเภท อปท. นี้", en="This kind of organisation is not known"),
                column=part.kind,
                said=self._cell(row, part.kind),
            )
            return None
        province = self._province(row)
        if province is None:
            return None
        bare_th = names.split_org_name(self._cell(row, part.name_th)).bare
        bare_en = names.split_org_name(self._cell(row, part.name_en)).bare
        geocode = self._cell(row, part.geocode)
        name_th, name_en = _titled(kind, bare_th, bare_en)
        draft = OrgDraft(
            row=row.number,
            code=_code(kind, self._cell(row, part.code), geocode),
            kind=kind,
            name_th=name_th,
            name_en=name_en,
            bare_th=bare_th,
            province_id=province.id,
            province_code=province.code,
            geocode=geocode,
            size_class=self._cell(row, part.size) or None,
            website=self._website(row),
            wikidata=self._cell(row, part.wikidata) or None,
            replaces_said=self._cell(row, self.replaces),
            since_said=self._cell(row, self.since),
        )
        self._place(draft, row)
        self._measure(draft, row)
        self._cover(draft, row)
        return draft

    def _province(self, row: Row) -> Found | None:
        said = self._cell(row, self.part.province)
        by_code = said.isdigit()
        found = self.gazetteer.area(
            "province", code=said if by_code else None, name=None if by_code else said
        )
        if isinstance(found, Found):
            return found
        self.tell(
            row,
            found.reason,
            Text(th="ไม่พบจังหวัดนี้", en="There is no such province"),
            column=self.part.province,
            said=said,
            candidates=found.candidates,
        )
        return None

    def _place(self, draft: OrgDraft, row: Row) -> None:
        part = self.part
        if part.lat is None or part.lon is None:
            return
        said = (self._cell(row, part.lat), self._cell(row, part.lon))
        if not any(said):
            return
        lat, lon = _number(said[0]), _number(said[1])
        west, south, east, north = THAILAND_BBOX
        if lat is None or lon is None or not (west < lon < east and south < lat < north):
            draft.flags.add("point-refused")
            self.tell(
                draft,
                "point-impossible",
                _why_impossible(lat, lon),
                column=f"{part.lat}, {part.lon}",
                said=", ".join(said),
                severity="flagged",
            )
            return
        draft.point = shapely.Point(lon, lat)
        source = self._cell(row, part.point_source)
        draft.point_source = part.point_sources.get(source, "office")

    def _measure(self, draft: OrgDraft, row: Row) -> None:
        part = self.part
        draft.area_km2 = _number(self._cell(row, part.area_km2))
        if draft.area_km2 is None and draft.code in part.known_km2:
            draft.area_km2 = part.known_km2[draft.code]
            draft.sure.add("area_km2")
        draft.population = _number(self._cell(row, part.population))
        size, people = draft.area_km2, draft.population
        if size is None or people is None or people <= MOST_PERSONS_PER_KM2 * size:
            return
        draft.area_km2 = None
        draft.flags.add("area-implausible")
        self.tell(
            draft,
            "implausible-area",
            Text(
                th=f"{draft.name_th}: {size:g} ตร.กม. สำหรับ {people:,.0f} คน เป็นไปไม่ได้"
                " ใช้ขนาดที่วัดจากพื้นที่ที่ครอบคลุมแทน",
                en=f"{draft.name_en}: {size:g} km2 for {people:,.0f} people cannot be;"
                " the size of what it covers is used instead",
            ),
            column=part.area_km2,
            said=f"{size:g}",
            severity="flagged",
        )

    def _cover(self, draft: OrgDraft, row: Row) -> None:
        part = self.part
        for pair in self._cell(row, part.covers).split(part.separator):
            code, _, extent = pair.strip().partition(":")
            if not code:
                continue
            found = self.gazetteer.area("subdistrict", code=code)
            if isinstance(found, Found):
                draft.covers[found.id] = "whole" if extent == part.covers_whole else "part"
                continue
            self.tell(
                draft,
                found.reason,
                Text(
                    th="ไม่พบตำบลที่ครอบคลุม รับหน่วยงานโดยไม่มีตำบลนี้",
                    en="A sub-district it covers is not known; taken without it",
                ),
                column=part.covers,
                said=code,
                candidates=found.candidates,
                severity="flagged",
            )
        district = self._cell(row, part.district)
        if district:
            known = self.gazetteer.area("district", code=district)
            draft.district_id = known.id if isinstance(known, Found) else None

    def _website(self, row: Row) -> str | None:
        said = self._cell(row, self.part.website)
        return said if said.startswith(("http://", "https://")) else None

    @staticmethod
    def _cell(row: Row, heading: str | None) -> str:
        return clean_text(row.cells.get(heading)) if heading else ""


_HEADINGS = {
    "code", "geocode", "kind", "name_th", "name_en", "province", "district", "lat", "lon",
    "point_source", "size", "area_km2", "population", "covers", "website", "wikidata",
}  # fmt: skip


def _found(table: Table, wanted: str | Sequence[str]) -> str | None:
    # One that the recipe names must be there; of the usual ones any may.
    if isinstance(wanted, str):
        return table.heading(wanted)
    known = {heading_key(heading): heading for heading in table.headings}
    return next((known[key] for key in map(heading_key, wanted) if key in known), None)


def _code(kind: str, said: str, geocode: str) -> str:
    if kind == "BMA":
        return "BMA"
    return said or geocode


def _titled(kind: str, bare_th: str, bare_en: str) -> tuple[str, str]:
    if kind in _FIXED:
        return _FIXED[kind]
    before, after = _TITLES[kind]
    return f"{before}{bare_th}", f"{bare_en}{after}" if bare_en else ""


def _number(said: str) -> float | None:
    try:
        value = float(said.replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _why_impossible(lat: float | None, lon: float | None) -> Text:
    if lat is not None and lat == lon:
        return Text(
            th="ละติจูดและลองจิจูดเป็นค่าเดียวกัน (คัดลอกซ้ำ) รับโดยไม่มีจุด",
            en="Latitude and longitude are the same number (copied); taken without a point",
        )
    west, south, east, north = THAILAND_BBOX
    if lat is not None and lon is not None and west < lat < east and south < lon < north:
        return Text(
            th="ละติจูดกับลองจิจูดสลับกัน รับโดยไม่มีจุด โปรดแก้ไฟล์",
            en="Latitude and longitude are swapped; taken without a point, mend the file",
        )
    return Text(
        th="พิกัดอยู่นอกประเทศไทย รับโดยไม่มีจุด", en="The point is not in Thailand; taken without it"
    )
