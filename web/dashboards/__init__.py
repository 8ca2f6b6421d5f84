"""Dashboards as files: read, checked, and found by name.

Those that come with the service lie beside this file; those in ``dashboards`` below the data
folder are one's own, and one of the same name takes the place of ours.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geo_service.core.errors import NotFound, Unavailable
from geo_service.core.text import Text

COLUMNS = 12
OWN_FOLDER = "dashboards"
_SHIPPED = Path(__file__).parent


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Panel(_Part):
    """One part of a dashboard; `width` counts columns of twelve.

    Cards and tables name several ``indicators``, the others one ``indicator``.
    """

    kind: Literal[
        "cards", "map", "years", "trend", "ranking", "distribution", "table", "ageing", "text"
    ]  # fmt: skip
    indicator: str | None = None
    indicators: tuple[str, ...] = ()
    title: tuple[str, str] | None = None
    text: tuple[str, str] | None = None
    width: int = Field(default=COLUMNS, ge=3, le=COLUMNS)
    most: int = Field(default=10, ge=3, le=100)

    @model_validator(mode="after")
    def _names_what_it_shows(self) -> Panel:
        takes_several = self.kind in {"cards", "table"}
        if self.kind == "text":
            if self.text is None:
                raise ValueError("a text panel needs text")
        elif self.kind == "ageing":
            if self.keys:
                raise ValueError("an ageing panel names no indicator")
        elif takes_several != bool(self.indicators) or takes_several == bool(self.indicator):
            needed = "indicators" if takes_several else "indicator"
            raise ValueError(f"a {self.kind} panel needs {needed}")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """Indicators it shows."""
        return self.indicators or ((self.indicator,) if self.indicator else ())


class Dashboard(_Part):
    """What a file declares."""

    title: tuple[str, str]
    lead: tuple[str, str] = ("", "")
    panel: tuple[Panel, ...] = Field(min_length=1, max_length=40)

    @property
    def keys(self) -> tuple[str, ...]:
        """Indicators of all panels, none twice."""
        return tuple(dict.fromkeys(key for panel in self.panel for key in panel.keys))


def names(data_dir: Path) -> tuple[str, ...]:
    """List the dashboards there are.

    Parameters
    ----------
    data_dir : Path
        Data folder of the installation.

    Returns
    -------
    tuple of str
        Ours first, then one's own, by name.
    """
    own = {path.stem for path in (data_dir / OWN_FOLDER).glob("*.toml")}
    ours = ("executive", *sorted({path.stem for path in _SHIPPED.glob("*.toml")} - {"executive"}))
    return (*ours, *sorted(own - set(ours)))


def read(name: str, data_dir: Path) -> Dashboard:
    """Read one dashboard.

    Parameters
    ----------
    name : str
        Name of its file without ``.toml``.
    data_dir : Path
        Data folder of the installation.

    Returns
    -------
    Dashboard
        As the file declares it.

    Raises
    ------
    NotFound
        If there is none of that name. A broken file is `Unavailable`, and says where.
    """
    known = names(data_dir)
    if name not in known:
        raise NotFound(
            Text(
                th=f"ไม่มีแดชบอร์ด '{name[:40]}' ที่มีคือ {', '.join(known)}",
                en=f"There is no dashboard '{name[:40]}'; there are {', '.join(known)}",
            ),
            known=list(known),
        )
    return _parsed(name, _path(name, data_dir))


def fingerprint(name: str, data_dir: Path) -> str:
    """Tell one state of a dashboard's file from another.

    Parameters
    ----------
    name : str
        Of the dashboard.
    data_dir : Path
        Data folder of the installation.

    Returns
    -------
    str
        When its file was last written.
    """
    path = _path(name, data_dir)
    return str(path.stat().st_mtime_ns) if path.is_file() else ""


def _path(name: str, data_dir: Path) -> Path:
    own = data_dir / OWN_FOLDER / f"{name}.toml"
    return own if own.is_file() else _SHIPPED / f"{name}.toml"


def _parsed(name: str, path: Path) -> Dashboard:
    try:
        return Dashboard.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _broken(name, str(error)) from error
    except ValidationError as error:
        faults = (
            f"{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors(include_input=False)
        )
        raise _broken(name, "; ".join(faults)) from error


def _broken(name: str, why: str) -> Unavailable:
    return Unavailable(
        Text(
            th=f"ไฟล์แดชบอร์ด '{name}' ไม่ถูกต้อง: {why}",
            en=f"The file of the dashboard '{name}' is broken: {why}",
        )
    )
