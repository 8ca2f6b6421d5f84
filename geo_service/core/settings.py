"""Settings: environment variables ``GEO_*`` and ``.env``, read once at the edge and handed over."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Everything that may differ between two installations.

    Each field is the environment variable ``GEO_`` plus its name in capitals;
    ``docs/settings.md`` describes them all.
    """

    model_config = SettingsConfigDict(
        env_prefix="GEO_", env_file=".env", env_file_encoding="utf-8", frozen=True, extra="ignore"
    )

    database_url: SecretStr | None = Field(
        default=None, description="PostGIS to use instead of the private cluster"
    )
    data_dir: Path = Field(
        default=ROOT / ".data", description="Folder of the private cluster and of caches"
    )
    host: str = Field(default="127.0.0.1", description="Address the service listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port the service listens on")
    workers: int = Field(default=1, ge=1, le=64, description="Number of server processes")
    public_url: str = Field(
        default="", description="Address of the service as its callers see it; empty: as asked"
    )
    frame_ancestors: str = Field(
        default="*", description="Who may embed /embed pages: CSP frame-ancestors sources"
    )
    pool_size: int = Field(default=8, ge=1, le=200, description="Database connections a process")
    pool_timeout_s: float = Field(
        default=10.0, gt=0, description="Seconds to wait for a free connection"
    )
    statement_timeout_s: float = Field(
        default=15.0, gt=0, description="Seconds one statement of a request may take"
    )
    memory_mb: int = Field(
        default=128, ge=0, le=65_536, description="Megabytes of finished answers a process keeps"
    )
    recheck_s: float = Field(
        default=30.0, gt=0, description="Seconds after which what is known is read again"
    )
    downloads_mb: int = Field(
        default=2_000, ge=0, description="Megabytes of prepared downloads kept on disk"
    )
    max_features: int = Field(
        default=10_000, ge=1, description="Largest number of features on one page"
    )
    resolutions: str = Field(
        default="5-8", description="H3 resolutions of the hexagons, coarsest-finest"
    )
    log_level: str = Field(default="INFO", description="Least severe event that is logged")
