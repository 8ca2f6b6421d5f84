"""Which features are written one by one, and the tag that says which state of one was read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from fastapi import Request

from geo_service.api.wire import coding_of
from geo_service.core.errors import NotModified
from geo_service.deps import KEEPS_TAG, SessionDep, is_good
from layers.collection import Collection
from layers.feature_tags import tag_of


def is_written(known: Collection) -> bool:
    """Tell whether features of a collection may be written one by one.

    Parameters
    ----------
    known : Collection
        From the register.

    Returns
    -------
    bool
        Facilities and networks; places follow the law, and values their files.
    """
    return known.family == "feature"


def locking(
    request: Request,
    session: SessionDep,
    known: Collection,
    feature_id: str,
    headers: Mapping[str, str],
) -> dict[str, str]:
    """Give the strong tag of a feature: what it holds, a hyphen, and the form it is told in.

    Who writes sends it back in ``If-Match``, where the first part counts; caches compare the whole.

    Parameters
    ----------
    request : Request
        For the feature.
    session : Session
        Open.
    known : Collection
        A written one.
    feature_id : str
        Public code.
    headers : mapping of str to str
        Of the answer so far, with its weak tag; whoever sees more than the public has none.

    Returns
    -------
    dict of str to str
        ``ETag``.

    Raises
    ------
    NotModified
        If ``If-None-Match`` names this very answer.
    """
    # Those who write see more than the public, whose answers carry no tags otherwise.
    request.scope[KEEPS_TAG] = True
    coding = coding_of(request.headers.get("accept-encoding", ""))
    told = f"{headers.get('ETag', 'mine')} {coding}"
    form = hashlib.blake2b(told.encode(), digest_size=6).hexdigest()
    tag = {"ETag": f'"{tag_of(session, known.id, feature_id)}-{form}"'}
    if "ETag" in headers and is_good(tag["ETag"], request.headers.get("if-none-match", "")):
        raise NotModified({**headers, **tag})
    return tag
