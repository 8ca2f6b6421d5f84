"""The closed list of reasons for which a row or a cell is refused, flagged or repaired."""

from __future__ import annotations

from geo_service.core.text import Text

REASONS: dict[str, Text] = {
    # the file
    "unreadable-file": Text(th="อ่านไฟล์ไม่ได้", en="the file cannot be read"),
    "bad-recipe": Text(th="สูตรไม่ตรงกับไฟล์", en="the recipe does not fit the file"),
    "refused": Text(th="ไม่รับไฟล์นี้", en="the file was refused"),
    "unknown-crs": Text(th="ไม่ทราบระบบพิกัด", en="coordinate reference system unknown"),
    "too-many-refused": Text(th="มีแถวที่ไม่รับมากเกินไป", en="too many rows were refused"),
    # the row
    "short-row": Text(th="แถวสั้นกว่าหัวตาราง", en="the row is shorter than the header"),
    "long-row": Text(th="แถวยาวกว่าหัวตาราง", en="the row is longer than the header"),
    "edited-by-hand": Text(th="เคยแก้ไขทีละรายการ", en="edited by hand since the last file"),
    "duplicate-row": Text(th="แถวซ้ำกันทุกค่า", en="the same values stand in another row"),
    "conflicting-rows": Text(
        th="หลายแถวให้ค่าต่างกันสำหรับที่เดียวกัน", en="rows give different values for one place"
    ),
    # the place
    "no-place": Text(th="ไม่บอกว่าเป็นที่ใด", en="the row names no place"),
    "unknown-place": Text(th="ไม่พบพื้นที่หรือหน่วยงานนี้", en="no such place"),
    "ambiguous-place": Text(th="ชื่อนี้มีหลายแห่ง", en="several places have this name"),
    "contradicting-place": Text(
        th="รหัสกับชื่อไม่ใช่ที่เดียวกัน", en="the code and the name are different places"
    ),
    "moved-code": Text(th="รหัสเก่า ใช้รหัสที่สืบต่อแทน", en="an abolished code, taken to its successor"),
    "name-matched": Text(th="จับคู่ด้วยชื่อที่สะกดต่างกัน", en="matched by a variant of its name"),
    "abolished-place": Text(
        th="พื้นที่ที่ยกเลิกแล้ว ไม่ทราบที่สืบต่อ", en="an abolished place, its successor unknown"
    ),
    "later-place": Text(
        th="หน่วยงานที่ยังไม่ได้จัดตั้งในงวดนั้น", en="an organisation that began after the period"
    ),
    "split-place": Text(th="พื้นที่ที่แยกเป็นหลายแห่ง", en="a place that was split into several"),
    "name-differs": Text(
        th="ชื่อไม่ตรงกับรหัส ยึดตามรหัส", en="the name is not that of the code; the code was taken"
    ),
    "blank-name": Text(th="ชื่อว่าง ยึดตามรหัส", en="a blank name; the code was taken"),
    "code-differs": Text(th="รหัสไม่ใช่รหัสกรมการปกครอง", en="the code is not that of DOPA"),
    # the period
    "no-period": Text(th="ไม่บอกว่าเป็นปีใด", en="the row names no period"),
    "bad-period": Text(th="อ่านปีไม่ได้", en="the period cannot be read"),
    # the number
    "not-a-number": Text(th="ไม่ใช่ตัวเลข", en="not a number"),
    "unit-in-cell": Text(th="มีหน่วยอยู่ในช่องตัวเลข", en="the cell carries a unit"),
    "not-finite": Text(th="ไม่ใช่จำนวนที่มีขอบเขต", en="not a finite number"),
    "not-whole": Text(th="ควรเป็นจำนวนเต็ม", en="should be a whole number"),
    "out-of-bounds": Text(th="อยู่นอกช่วงที่เป็นไปได้", en="outside what is possible"),
    "unlikely": Text(th="ค่าที่น่าสงสัย", en="an unlikely value"),
    # between numbers
    "parts-do-not-sum": Text(th="ส่วนย่อยรวมกันไม่เท่ายอดรวม", en="the parts do not sum to the whole"),
    "total-does-not-match": Text(
        th="ยอดรวมในไฟล์ไม่เท่าผลรวมของแถว", en="the printed total is not the sum of the rows"
    ),
    "jump": Text(th="ค่ากระโดดผิดปกติจากปีก่อน", en="an unusual jump from the period before"),
    "copied-forward": Text(th="ค่าเดิมซ้ำหลายปีติดกัน", en="the same value several periods running"),
    "source-contradicts": Text(th="แหล่งข้อมูลเดียวกันให้ค่าสองค่า", en="the source gives two values"),
    "mostly-missing": Text(th="คอลัมน์นี้ว่างเกือบทั้งหมด", en="the column is mostly empty"),
    "no-value": Text(th="ไม่มีค่านี้ในระบบ", en="there is no such value in the system"),
    "no-point": Text(th="ไม่มีพิกัด", en="no coordinates"),
    "no-code": Text(th="ไฟล์ไม่มีรหัสของพื้นที่นี้", en="the file has no code for the area"),
    "outlier": Text(th="ค่าห่างจากค่าอื่นมาก", en="far from the other values"),
    # shapes and points
    "bad-shape": Text(th="อ่านรูปร่างไม่ได้", en="the shape cannot be read"),
    "invalid-shape": Text(th="รูปร่างไม่ถูกต้อง ซ่อมแล้ว", en="an invalid shape, repaired"),
    "cleaned-coverage": Text(
        th="จัดเขตที่ติดกันให้ใช้เส้นเดียวกัน", en="neighbours made to share their borders"
    ),
    "no-shape": Text(th="พื้นที่ที่ไม่มีรูปร่าง", en="a place without a shape"),
    "finer-shapes-stand": Text(
        th="ใช้รูปร่างที่รวมจากระดับย่อยแทนรูปร่างในไฟล์",
        en="the shape dissolved from the finer level was kept",
    ),
    "point-impossible": Text(th="พิกัดเป็นไปไม่ได้", en="coordinates that cannot be"),
    "point-elsewhere": Text(th="จุดอยู่ในจังหวัดอื่น", en="the point lies in another province"),
    # names and organisations
    "cut-name": Text(th="ชื่อถูกตัดท้าย เติมแล้ว", en="a name cut short, completed"),
    "unknown-kind": Text(th="ไม่รู้จักประเภทหน่วยงาน", en="unknown kind of organisation"),
    "kind-changed": Text(th="หน่วยงานเปลี่ยนประเภทแล้ว", en="the organisation changed its kind"),
    "obsolete-organisation": Text(th="หน่วยงานนี้ไม่มีแล้ว", en="the organisation no longer exists"),
    "implausible-area": Text(th="ขนาดพื้นที่ที่น่าสงสัย", en="an implausible size"),
    "repeated-organisation": Text(th="หน่วยงานซ้ำ", en="the organisation is listed twice"),
    # organisations that replace others
    "no-since": Text(th="ไม่บอกว่าแทนกันตั้งแต่เมื่อใด", en="not said since when it replaces others"),
    "bad-since": Text(th="วันที่มีผลใช้ไม่ได้", en="a day of change that cannot be"),
    "unknown-predecessor": Text(
        th="ไม่มีหน่วยงานที่บอกว่าถูกแทน", en="no such organisation to be replaced"
    ),
    "replaces-itself": Text(th="หน่วยงานแทนตัวเองหรือวนกลับ", en="it replaces itself, or in a circle"),
    "two-dates": Text(th="วันที่มีผลขัดกัน", en="several days for one change"),
    "values-outside": Text(
        th="มีค่าในงวดที่หน่วยงานไม่ได้มีผล", en="values of periods in which it was not in force"
    ),
    # spelling and characters
    "cleaned-text": Text(
        th="ตัดอักขระล่องหนหรือจัดสระอำใหม่", en="invisible characters or vowel order repaired"
    ),
}


def title_of(reason: str) -> Text:
    """Name a reason in words.

    Parameters
    ----------
    reason : str
        A key of ``REASONS``.

    Returns
    -------
    Text
        Its words; the key itself when it is none of ours (an old run's).
    """
    return REASONS.get(reason, Text(th=reason, en=reason))
