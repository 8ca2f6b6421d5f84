"""How one process serves."""

from __future__ import annotations

import gc
import socket

import uvicorn
from pydantic import SecretStr

from geo_service.cli.serving import serve_one
from geo_service.core.settings import Settings
from geo_service.main import create_app


def test_what_a_process_begins_with_is_never_looked_through_for_garbage(monkeypatch, tmp_path):
    settings = Settings(
        _env_file=None, database_url=SecretStr("postgresql://127.0.0.1:1/none"), data_dir=tmp_path
    )
    app, looked_through = create_app(settings), []

    def run(server, sockets):
        looked_through.extend(gc.get_objects())
        for one in sockets:
            one.close()

    monkeypatch.setattr(uvicorn.Server, "run", run)
    with socket.socket() as listening:
        serve_one(app, settings, listening)
    assert looked_through
    assert not any(one is app for one in looked_through)
