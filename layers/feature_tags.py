"""What a feature holds, in a word: whoever changes one names the state that is to be changed."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from layers.models import Feature


def tag_of(session: Session, layer_id: str, code: str) -> str | None:
    """Give the tag of what is stored of a feature.

    Parameters
    ----------
    session : Session
        Open.
    layer_id : str
        Its layer.
    code : str
        Its code.

    Returns
    -------
    str or None
        24 hexadecimal digits that are the same as long as nothing of it changes, and again when
        a change was undone; ``None`` when there is no such feature.
    """
    row = session.execute(
        select(
            Feature.name_th, Feature.name_en, func.ST_AsBinary(Feature.geom), Feature.area_id,
            Feature.properties, Feature.flags,
        ).where(Feature.layer_id == layer_id, Feature.code == code)
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    name_th, name_en, shape, *rest = row
    drawn = None if shape is None else bytes(shape).hex()
    told = json.dumps([layer_id, code, name_th, name_en, drawn, *rest], sort_keys=True)
    return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()
