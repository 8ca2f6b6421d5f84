"""Settings: environment variables ``GEO_*`` and ``.env``, read once at the edge and handed over."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

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
    reader_url: SecretStr | None = Field(
        default=None, description="Login of its own for serving the public (role geo_reader)"
    )
    insider_url: SecretStr | None = Field(
        default=None, description="Login of its own for serving insiders (role geo_insider)"
    )
    ingest_url: SecretStr | None = Field(
        default=None, description="Login of its own for loads and refreshes (role geo_ingest)"
    )
    desk_url: SecretStr | None = Field(
        default=None, description="Login of its own for accounts and audit (role geo_desk)"
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
    pool_size: int = Field(default=12, ge=1, le=200, description="Database connections a process")
    insider_pool_size: int = Field(
        default=4, ge=1, le=200, description="Database connections a process for insiders"
    )
    pool_timeout_s: float = Field(
        default=0.8, gt=0, description="Seconds to wait for a free connection"
    )
    heavy_at_once: int = Field(
        default=0, ge=0, le=200, description="Heavy requests at work a process; 0: 2 x cores"
    )
    queue: int = Field(default=64, ge=0, le=10_000, description="Heavy requests waiting a process")
    queue_timeout_s: float = Field(
        default=5.0, gt=0, description="Seconds a request waits for its turn"
    )
    request_timeout_s: float = Field(
        default=20.0, gt=0, description="Seconds until an answer has begun, or 504"
    )
    lock_timeout_s: float = Field(
        default=5.0, gt=0, description="Seconds one statement may wait for a lock"
    )
    grace_s: float = Field(
        default=10.0, ge=2, le=600, description="Seconds to finish when told to stop"
    )
    body_kb: int = Field(default=256, ge=1, description="Kilobytes of a request's body")
    connections: int = Field(
        default=2_000, ge=1, description="Connections of callers a process; the idlest give way"
    )
    header_timeout_s: float = Field(
        default=10.0, gt=0, description="Seconds for a request's header fields to arrive"
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
    session_idle_min: int = Field(
        default=60, ge=1, le=1440, description="Minutes after which an unused session ends"
    )
    session_hours: int = Field(
        default=12, ge=1, le=168, description="Hours after which any session ends"
    )
    key_rate: float = Field(
        default=20.0, gt=0, description="Requests a second of one key or person, in the long run"
    )
    key_burst: int = Field(
        default=200, ge=1, description="Requests of one key or person at once, before that counts"
    )
    metrics_for: Literal["loopback", "keys", "everyone"] = Field(
        default="loopback", description="Who may read /metrics"
    )
    oidc_issuer: str = Field(
        default="", description="OpenID Connect provider people sign in with; empty: none"
    )
    oidc_client_id: str = Field(default="", description="What the provider knows this service by")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Secret of this service at the provider"
    )
    oidc_roles: str = Field(
        default="", description="Who is let in, with which role: @dla.go.th=dla; groups:x=analyst"
    )
    oidc_scopes: str = Field(
        default="openid email profile", description="What the provider is asked for"
    )
    embed_tokens: bool = Field(
        default=False, description="Maps and dashboards may be embedded by signed tokens, too"
    )
    embed_secret: SecretStr | None = Field(
        default=None, description="What embed tokens are signed with, 32 random characters or more"
    )
    embed_secret_before: SecretStr | None = Field(
        default=None, description="The secret before it, while its tokens last"
    )
    beside_mb: int = Field(
        default=1_000, ge=0, description="Megabytes of features and tiles laid beside a process"
    )
    upload_mb: int = Field(
        default=100, ge=1, le=1_000, description="Megabytes of a file that is submitted"
    )
    file_rows: int = Field(
        default=250_000, ge=1, description="Rows or features of one file that is loaded"
    )
    file_values: int = Field(
        default=10_000_000, ge=1, description="Cells or numbers of coordinates of one file"
    )
    max_features: int = Field(
        default=10_000, ge=1, description="Largest number of features on one page"
    )
    resolutions: str = Field(
        default="5-8", description="H3 resolutions of the hexagons, coarsest-finest"
    )
    access_log: bool = Field(
        default=False, description="Log every request, not only slow and failed ones"
    )
    log_level: str = Field(default="INFO", description="Least severe event that is logged")
    otel_endpoint: str = Field(
        default="", description="Collector that spans are told to (OTLP over HTTP); empty: none"
    )
