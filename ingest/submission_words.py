"""What is said of files that were handed in: the state of one, and why a step is not taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from geo_service.core.text import Text

SAID: Final[Mapping[str, Text]] = {
    "submitted": Text("รอตรวจ", "waiting to be checked"),
    "checked": Text("ตรวจแล้ว", "checked"),
    "publishing": Text("กำลังเผยแพร่", "being published"),
    "published": Text("เผยแพร่แล้ว", "published"),
    "failed": Text("เผยแพร่ไม่สำเร็จ", "not published"),
    "refused": Text("ไม่รับ", "refused"),
    "withdrawn": Text("ถอนแล้ว", "withdrawn"),
    "undone": Text("ยกเลิกการเผยแพร่แล้ว", "undone"),
}
BEING: Final[Mapping[str, Text]] = {
    "check": Text("กำลังทดลองนำเข้า", "being tried"),
    "publish": Text("กำลังเผยแพร่", "being published"),
    "undo": Text("กำลังยกเลิก", "being undone"),
}
NOT_NOW: Final = Text(
    th="ทำขั้นตอนนี้ไม่ได้ เพราะไฟล์นี้อยู่ในสถานะ: {th}", en="This cannot be done now; the file is: {en}"
)
NOTHING_CHANGED: Final = Text(
    th="ไม่มีสิ่งที่ต้องยกเลิก เพราะการเผยแพร่ครั้งนี้ไม่ได้เปลี่ยนข้อมูลใด",
    en="There is nothing to undo: this publication changed nothing",
)
CUT: Final = Text(
    th="งานหยุดกลางคัน ไม่มีข้อมูลใดเปลี่ยน สั่งใหม่ได้",
    en="The work was cut; nothing was changed, and it can be done again",
)
NOT_ALLOWED: Final = Text(
    th="บทบาทของคุณทำขั้นตอนนี้กับไฟล์นี้ไม่ได้ (ผู้ส่งตรวจหรือเผยแพร่ไฟล์ของตนเองไม่ได้)",
    en="Your role may not do this with this file (who submits it neither checks nor publishes it)",
)
NOT_TRIED: Final = Text(
    th="ยังไม่มีผลทดลองนำเข้า กรุณาทดลองก่อน", en="There is no report yet; try the file first"
)
NOT_CHECKED: Final = Text(th="ยังไม่มีผู้ตรวจไฟล์นี้", en="Nobody has checked this file yet")
