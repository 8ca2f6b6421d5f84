"""Local organisations of all kinds, with what they cover.

The numbers by kind are those of the Department of Local Administration of 9 September 2563.
How organisations and sub-districts overlap follows what is found in practice: most cover one
whole sub-district, some cover several, and 1,302 sub-districts are shared by two to four.
Which organisation is where is made up, apart from the provincial organisations, Bangkok,
Pattaya and the provinces of the thirty cities.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import geothai
import numpy as np
import shapely
from sample_build.cells import Cell
from sample_build.outline import Province

#: Single sub-districts shared by organisations of their own: how many organisations, how often.
SHARED_ALONE = {2: 413, 3: 29, 4: 1}
#: (whole, part) sub-districts of an organisation that covers several, and how often.
SEVERAL = {(2, 0): 146, (1, 1): 131, (0, 2): 35, (0, 3): 186}
SEVERAL_TOWNS = 120
WHOLE_TOWNS = 75
WHOLE_MUNICIPALITIES = 1417
BESIDE_MUNICIPALITIES = 155
#: First running number of made-up codes: real ones start at 01, so the two never meet.
FIRST_SAMPLE_NUMBER = 51

CITIES = (
    ("นนทบุรี", "Nonthaburi", "1201"), ("ปากเกร็ด", "Pak Kret", "1206"),
    ("สมุทรปราการ", "Samut Prakan", "1101"), ("สมุทรสาคร", "Samut Sakhon", "7401"),
    ("อ้อมน้อย", "Om Noi", "7402"), ("รังสิต", "Rangsit", "1303"),
    ("นครปฐม", "Nakhon Pathom", "7301"), ("พระนครศรีอยุธยา", "Phra Nakhon Si Ayutthaya", "1401"),
    ("นครสวรรค์", "Nakhon Sawan", "6001"), ("พิษณุโลก", "Phitsanulok", "6501"),
    ("เชียงใหม่", "Chiang Mai", "5001"), ("เชียงราย", "Chiang Rai", "5701"),
    ("ลำปาง", "Lampang", "5201"), ("แม่สอด", "Mae Sot", "6306"),
    ("นครราชสีมา", "Nakhon Ratchasima", "3001"), ("ขอนแก่น", "Khon Kaen", "4001"),
    ("อุดรธานี", "Udon Thani", "4101"), ("อุบลราชธานี", "Ubon Ratchathani", "3401"),
    ("สกลนคร", "Sakon Nakhon", "4701"), ("เจ้าพระยาสุรศักดิ์", "Chao Phraya Surasak", "2007"),
    ("แหลมฉบัง", "Laem Chabang", "2007"), ("ระยอง", "Rayong", "2101"),
    ("สุราษฎร์ธานี", "Surat Thani", "8401"), ("เกาะสมุย", "Ko Samui", "8404"),
    ("นครศรีธรรมราช", "Nakhon Si Thammarat", "8001"), ("ภูเก็ต", "Phuket", "8301"),
    ("ตรัง", "Trang", "9201"), ("สงขลา", "Songkhla", "9001"),
    ("หาดใหญ่", "Hat Yai", "9011"), ("ยะลา", "Yala", "9501"),
)  # fmt: skip
CITY_COVERS = {"เชียงใหม่": (4, 10)}
USUAL_CITY_COVERS = (2, 3)
PATTAYA_COVERS = (1, 3)
CROSSES_DISTRICTS = "แหลมฉบัง"

FIRST_DIGIT = {
    "PAO": 2,
    "city": 3,
    "Pattaya": 3,
    "town": 4,
    "subdistrict_municipality": 5,
    "SAO": 6,
}
PREFIX_TH = {
    "PAO": "องค์การบริหารส่วนจังหวัด", "city": "เทศบาลนคร", "town": "เทศบาลเมือง",
    "subdistrict_municipality": "เทศบาลตำบล", "SAO": "องค์การบริหารส่วนตำบล",
    "BMA": "", "Pattaya": "เมือง",
}  # fmt: skip
SUFFIX_EN = {
    "PAO": "Provincial Administrative Organisation", "city": "City Municipality",
    "town": "Town Municipality", "subdistrict_municipality": "Subdistrict Municipality",
    "SAO": "Subdistrict Administrative Organisation", "BMA": "", "Pattaya": "City",
}  # fmt: skip
#: What a third or fourth organisation of one sub-district adds to the shared name.
DISTINCTION = (("", ""), ("", ""), ("ใต้", " Tai"), ("เหนือ", " Nuea"))


@dataclass(slots=True)
class Covered:
    """A sub-district an organisation covers: the parts (0-1) of its area and population."""

    code: str
    share_area: float = 1.0
    share_pop: float = 1.0

    @property
    def whole(self) -> bool:
        """Whether the organisation has all of it."""
        return self.share_area == 1.0


@dataclass(slots=True)
class Organisation:
    """A local organisation; ``point`` is made up (EPSG:4326)."""

    kind: str
    bare_th: str
    bare_en: str
    province: str
    district: str
    covers: list[Covered] = field(default_factory=list)
    point: tuple[float, float] = (0.0, 0.0)
    code: str = ""

    @property
    def name_th(self) -> str:
        """Kind and name."""
        return PREFIX_TH[self.kind] + self.bare_th

    @property
    def name_en(self) -> str:
        """Name and kind."""
        return f"{self.bare_en} {SUFFIX_EN[self.kind]}".strip()


class _Map:
    """Which sub-districts are still free, who lives there and who is next to whom."""

    def __init__(self, cells: Sequence[Cell], people: dict[str, int], seed: int) -> None:
        self.cell = {cell.code: cell for cell in cells if not cell.code.startswith("10")}
        self.people = people
        self.rng = np.random.default_rng([seed, 77])
        self.free = set(self.cell)
        codes = sorted(self.cell)
        shapes = [self.cell[code].shape for code in codes]
        left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        self.near: dict[str, list[str]] = {code: [] for code in codes}
        for one, other in zip(left.tolist(), right.tolist(), strict=True):
            if one != other and codes[one][:2] == codes[other][:2]:
                self.near[codes[one]].append(codes[other])
        self.districts = sorted({code[:4] for code in codes})

    def free_in(self, district: str) -> list[str]:
        return sorted(code for code in self.free if code.startswith(district))

    def group(self, district: str, size: int, *, crossing: bool, rural: bool) -> list[str] | None:
        # Takes neighbouring free sub-districts, beginning with the most (rural: least) populous.
        starts = sorted(
            self.free_in(district), key=lambda code: self.people[code], reverse=not rural
        )
        for start in starts:
            chosen = [start]
            while len(chosen) < size:
                edge = {
                    near
                    for code in chosen
                    for near in self.near[code]
                    if near in self.free and near not in chosen
                    and (crossing or near.startswith(district))
                }  # fmt: skip
                if not edge:
                    break
                chosen.append(min(edge, key=lambda code: (-self.people[code], code)))
            if len(chosen) == size:
                self.free -= set(chosen)
                return chosen
        return None

    def ranked(self, score: Iterable[tuple[str, float]], noise: float) -> list[str]:
        pairs = sorted(score)
        jitter = self.rng.normal(0, noise, len(pairs))
        score = [value + moved for (_, value), moved in zip(pairs, jitter, strict=True)]
        return [pairs[at][0] for at in np.argsort(-np.array(score), kind="stable")]


def found(
    provinces: Sequence[Province], cells: Sequence[Cell], people: dict[str, int], seed: int
) -> list[Organisation]:
    """Set up all organisations.

    Parameters
    ----------
    provinces : sequence of Province
        All 77.
    cells : sequence of Cell
        All sub-districts.
    people : dict of str to int
        Population of each sub-district.
    seed : int
        Of what is made up.

    Returns
    -------
    list of Organisation
        By code; every sub-district is covered, its shares add up to 1.
    """
    ground = _Map(cells, people, seed)
    several = [*_cities(ground), *_towns(ground, provinces), *_rural_groups(ground)]
    beside = _beside(ground, several)
    alone = _shared_alone(ground)
    lower = [*several, *beside, *alone, *_whole(ground)]
    _distinguish(lower)
    _number(lower)
    _place(lower, ground)
    everyone = [*_provincial(provinces), _bangkok(cells), *lower]
    return sorted(everyone, key=lambda one: one.code)


def _covering(kind: str, name: tuple[str, str], codes: list[str], whole: int) -> Organisation:
    covers = [Covered(code) for code in codes[:whole]]
    covers += [Covered(code, 0.0, 0.0) for code in codes[whole:]]
    return Organisation(kind, *name, codes[0][:2], codes[0][:4], covers)


def _cities(ground: _Map) -> list[Organisation]:
    result = []
    for name_th, name_en, district in CITIES:
        whole, part = CITY_COVERS.get(name_th, USUAL_CITY_COVERS)
        codes = ground.group(
            district, whole + part, crossing=name_th == CROSSES_DISTRICTS, rural=False
        )
        if codes is None:
            raise ValueError(f"no room for {name_en}")
        result.append(_covering("city", (name_th, name_en), codes, whole))
    whole, part = PATTAYA_COVERS
    codes = ground.group("2004", whole + part, crossing=False, rural=False)
    if codes is None:
        raise ValueError("no room for Pattaya")
    return [*result, _covering("Pattaya", ("พัทยา", "Pattaya"), codes, whole)]


def _towns(ground: _Map, provinces: Sequence[Province]) -> list[Organisation]:
    # Towns and sub-district municipalities over several sub-districts; capitals first.
    shapes = [at for at, count in SEVERAL.items() if at != (2, 0) for _ in range(count)]
    ground.rng.shuffle(shapes)
    with_city = {district for _, _, district in CITIES}
    names = {one.code: (one.name_th, one.name_en) for one in provinces}
    people_of: dict[str, int] = {}
    for code in ground.cell:
        people_of[code[:4]] = people_of.get(code[:4], 0) + ground.people[code]
    ranked = ground.ranked([(code, np.log(n)) for code, n in people_of.items()], 0.4)
    capitals = [code for code in ranked if code.endswith("01") and code not in with_city]
    queue = capitals + [code for code in ranked if code not in capitals] * 4
    result: list[Organisation] = []
    for district in queue:
        if len(result) == len(shapes):
            break
        whole, part = shapes[len(result)]
        codes = ground.group(district, whole + part, crossing=False, rural=False)
        if codes is None:
            continue
        kind = "town" if len(result) < SEVERAL_TOWNS else "subdistrict_municipality"
        cell = ground.cell[codes[0]]
        own = names[district[:2]] if district in capitals and kind == "town" else None
        result.append(_covering(kind, own or (cell.name_th, cell.name_en), codes, whole))
    if len(result) < len(shapes):
        raise ValueError("not enough room for towns")
    return result


def _rural_groups(ground: _Map) -> list[Organisation]:
    result: list[Organisation] = []
    while len(result) < SEVERAL[2, 0]:
        district = ground.districts[int(ground.rng.integers(len(ground.districts)))]
        codes = ground.group(district, 2, crossing=False, rural=True)
        if codes is not None:
            cell = ground.cell[codes[0]]
            result.append(_covering("SAO", (cell.name_th, cell.name_en), codes, 2))
    return result


def _beside(ground: _Map, several: Sequence[Organisation]) -> list[Organisation]:
    # One organisation for the rest of each sub-district that a larger one covers in part.
    parts = [at for one in several for at in one.covers if not at.whole]
    town = set(ground.ranked([(at.code, np.log(ground.people[at.code])) for at in parts], 0.5)
               [:BESIDE_MUNICIPALITIES])  # fmt: skip
    result = []
    for at in parts:
        at.share_area = round(float(ground.rng.uniform(0.15, 0.55)), 3)
        at.share_pop = round(min(0.92, at.share_area * float(ground.rng.uniform(1.2, 2.0))), 3)
        cell = ground.cell[at.code]
        kind = "subdistrict_municipality" if at.code in town else "SAO"
        rest = Covered(at.code, round(1 - at.share_area, 3), round(1 - at.share_pop, 3))
        result.append(
            Organisation(kind, cell.name_th, cell.name_en, at.code[:2], at.code[:4], [rest])
        )
    return result


def _shared_alone(ground: _Map) -> list[Organisation]:
    count = sum(SHARED_ALONE.values())
    score = [(code, np.log(ground.people[code])) for code in ground.free]
    chosen = ground.ranked(score, 0.7)[:count]
    sizes = [size for size, times in SHARED_ALONE.items() for _ in range(times)]
    ground.rng.shuffle(sizes)
    result = []
    for code, size in zip(chosen, sizes, strict=True):
        ground.free.discard(code)
        cell = ground.cell[code]
        first = round(float(ground.rng.uniform(0.12, 0.4)), 3)
        areas = _rest_divided(first, size)
        people = _rest_divided(round(first * 1.6, 3), size)
        for at, (area, pop) in enumerate(zip(areas, people, strict=True)):
            kind = "subdistrict_municipality" if at == 0 else "SAO"
            suffix = DISTINCTION[at]
            name = (cell.name_th + suffix[0], cell.name_en + suffix[1])
            result.append(Organisation(kind, *name, code[:2], code[:4], [Covered(code, area, pop)]))
    return result


def _rest_divided(first: float, size: int) -> list[float]:
    even = round((1 - first) / (size - 1), 3)
    middle = [even] * (size - 2)
    return [first, *middle, round(1 - first - sum(middle), 3)]


def _whole(ground: _Map) -> list[Organisation]:
    north = {"50", "51", "52", "54", "56", "57"}
    score = [
        (code, np.log(ground.people[code]) + (0.9 if code[:2] in north else 0.0))
        for code in ground.free
    ]
    ranked = ground.ranked(score, 0.6)
    kinds = ["town"] * WHOLE_TOWNS + ["subdistrict_municipality"] * WHOLE_MUNICIPALITIES
    kinds += ["SAO"] * (len(ranked) - len(kinds))
    return [
        _covering(kind, (ground.cell[code].name_th, ground.cell[code].name_en), [code], 1)
        for code, kind in zip(ranked, kinds, strict=True)
    ]


def _distinguish(lower: Sequence[Organisation]) -> None:
    # Rename the second of two organisations of one kind, name and district.
    seen: set[tuple[str, str, str]] = set()
    for one in lower:
        suffixes = iter(DISTINCTION[2:])
        bare_th, bare_en = one.bare_th, one.bare_en
        while (key := (one.kind, one.bare_th, one.district)) in seen:
            suffix = next(suffixes)
            one.bare_th, one.bare_en = bare_th + suffix[0], bare_en + suffix[1]
        seen.add(key)


def _number(lower: Sequence[Organisation]) -> None:
    used: dict[str, int] = {}
    for one in sorted(
        lower, key=lambda one: (one.district, one.kind, one.covers[0].code, one.bare_th)
    ):
        start = f"{FIRST_DIGIT[one.kind]}{one.district}"
        used[start] = used.get(start, FIRST_SAMPLE_NUMBER - 1) + 1
        one.code = f"{start}{used[start]:02d}"


def _place(lower: Sequence[Organisation], ground: _Map) -> None:
    # Put each office somewhere inside its first sub-district.
    for one in sorted(lower, key=lambda one: one.code):
        one.point = point_inside(ground.cell[one.covers[0].code].shape, ground.rng)


def point_inside(shape: shapely.Geometry, rng: np.random.Generator) -> tuple[float, float]:
    """Draw a point inside a shape, to 5 digits.

    Parameters
    ----------
    shape : Geometry
        EPSG:4326.
    rng : Generator
        Where chance comes from.

    Returns
    -------
    tuple of (float, float)
        Longitude, latitude.
    """
    west, south, east, north = shape.bounds
    shapely.prepare(shape)
    tried = np.round(rng.uniform((west, south), (east, north), size=(24, 2)), 5)
    inside = np.flatnonzero(shapely.contains_xy(shape, tried))
    if len(inside):
        lon, lat = tried[inside[0]].tolist()
        return lon, lat
    middle = shapely.point_on_surface(shape)
    return round(middle.x, 5), round(middle.y, 5)


def _provincial(provinces: Sequence[Province]) -> list[Organisation]:
    return [
        Organisation("PAO", one.name_th, one.name_en, one.code, f"{one.code}01",
                     point=one.capital, code=f"2{one.code}0101")
        for one in provinces if one.code != "10"
    ]  # fmt: skip


def _bangkok(cells: Sequence[Cell]) -> Organisation:
    covers = [Covered(cell.code) for cell in cells if cell.code.startswith("10")]
    bangkok = geothai.province("10")
    name_en = "Bangkok Metropolitan Administration"
    return Organisation(
        "BMA", bangkok.name_th, name_en, "10", "", covers, (100.5018, 13.7539), "BMA"
    )
