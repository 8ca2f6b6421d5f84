"""The proxy of `deploy/nginx.conf` lets questions through and keeps slow callers away."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from geo_service.core.settings import ROOT
from tests.faults.asking import ask
from tests.faults.conftest import settled
from tests.waiting import wait_until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx: apt-get install nginx-light")


@pytest.fixture
def proxied(country, run, tmp_path: Path):
    """Address of the proxy of the documented file, before a service."""
    service = run(country)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    upstream = service.base.removeprefix("http://")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f" {kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    # Another user could not enter the folder of this test.
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = f"http {{{folders}"
    for what, instead in (
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("server 127.0.0.1:8000;", f"server {upstream};"),
        ("pid /run/nginx.pid;", f"pid {tmp_path}/n.pid; {user}"),
        ("/var/log/nginx/geo-service-errors.log", f"{tmp_path}/error.log"),
        ("/var/log/nginx/geo-service.log", f"{tmp_path}/access.log"),
        ("http {", temporary),
    ):  # fmt: skip
        assert what in said
        said = said.replace(what, instead, 1)
    (tmp_path / "nginx.conf").write_text(said, encoding="utf-8")
    running = subprocess.Popen(  # noqa: S603
        [str(NGINX), "-c", str(tmp_path / "nginx.conf"), "-g", "daemon off;"],
        stderr=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    settled(20, lambda: ask(base, "/livez", patience_s=2).status == 200)
    yield base, tmp_path / "access.log"
    running.terminate()
    running.wait(10)


def test_questions_go_through_with_a_name_and_without_their_query_in_the_log(proxied):
    base, log = proxied
    got = ask(base, "/collections/provinces/items?limit=1&lang=en")
    assert got.status == 200
    name = got.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", name)
    # A line is written when the answer is sent, which may be read before.
    wait_until(lambda: name in (said := log.read_text(encoding="utf-8")) and said.endswith("\n"))
    line = next(one for one in log.read_text(encoding="utf-8").splitlines() if name in one)
    assert "/collections/provinces/items" in line
    assert "limit" not in line


def test_a_body_and_header_fields_beyond_the_bound_do_not_reach_the_service(proxied):
    base, log = proxied
    assert ask(base, "/cube?token=secret", method="POST", body=b" " * 300_000).status == 413
    # What is amiss with a request is told with all of its address, unless it is not told at all.
    assert "secret" not in log.with_name("error.log").read_text(encoding="utf-8")
    assert ask(base, "/livez", headers={"X-Long": "b" * 40_000}).status in {400, 414, 431}


def test_a_file_that_is_handed_in_reaches_the_service(proxied):
    base, _ = proxied
    path = "/submissions?recipe=pcd-waste&name=waste.csv"
    # A stranger is told so by the service; the proxy would have said that it is too large.
    assert ask(base, path, method="POST", body=b"a,b\n" * 300_000).status == 401


def test_slow_header_fields_are_cut_off(proxied):
    base, _ = proxied
    host, port = base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow:
        began = time.monotonic()
        slow.settimeout(15)
        slow.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        with suppress(ConnectionResetError):
            assert slow.recv(100) == b""
    assert 8 < time.monotonic() - began < 14
