"""What statuses and themes are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from geo_service.core.text import Text

STATUS_NAMES: Final[Mapping[str, Text]] = {
    "reported": Text("รายงานแล้ว", "reported"),
    "zero": Text("ศูนย์", "zero"),
    "not_reported": Text("ไม่มีรายงาน", "not reported"),
    "not_applicable": Text("ไม่เกี่ยวข้อง", "not applicable"),
    "suppressed": Text("ปกปิดเพื่อคุ้มครองบุคคล", "suppressed to protect people"),
    "forecast": Text("พยากรณ์", "forecast"),
    "no_forecast": Text("พยากรณ์ไม่ได้", "not forecast"),
}
#: In the order in which they are shown.
THEME_NAMES: Final[Mapping[str, Text]] = {
    "waste": Text("ขยะมูลฝอย", "Waste"),
    "ageing": Text("สังคมสูงวัย", "Ageing"),
    "infrastructure": Text("โครงสร้างพื้นฐาน", "Infrastructure"),
    "population": Text("ประชากร", "Population"),
    "disability": Text("คนพิการ", "Disability"),
    "finance": Text("การคลังท้องถิ่น", "Local finance"),
    "governance": Text("การบริหารจัดการ", "Governance"),
}
