"""Reads one vector layer with GDAL, locked in: a script that runs in a process of its own.

GDAL opens many formats and follows what files refer to (VRT, links, remote addresses). So it
never runs inside the service: ``ingest.geofile`` starts this script with one file that it has
checked, all drivers but one switched off, no network (a seccomp filter refuses sockets, or the
process has an empty network of its own), and limits on memory, time and output. The layer is
handed back as an Arrow file, its description as one line of JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import struct
import sys
from pathlib import Path

MEMORY_BYTES = 4 * 1024**3
CPU_SECONDS = 300
OUTPUT_BYTES = 2 * 1024**3

#: audit architecture and number of socket(2), by machine
_SOCKET_CALL = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER_MODE = 38, 22, 2
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 13, 0x80000000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def cut_network() -> bool:
    """Take the network away from this process for good.

    Returns
    -------
    bool
        False when the machine offers neither way.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    known = _SOCKET_CALL.get(platform.machine())
    if known is not None and _refuse_sockets(libc, *known):
        return True
    return bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


def _refuse_sockets(libc: ctypes.CDLL, architecture: int, socket_call: int) -> bool:
    # Berkeley packet filter: load architecture; load call number; socket -> EACCES; else allow.
    load, equal, give = 0x20, 0x15, 0x06
    code = b"".join(
        struct.pack("<HBBI", *step)
        for step in (
            (load, 0, 0, 4),
            (equal, 1, 0, architecture),
            (give, 0, 0, _KILL),
            (load, 0, 0, 0),
            (equal, 0, 1, socket_call),
            (give, 0, 0, _REFUSE),
            (give, 0, 0, _ALLOW),
        )
    )
    steps = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(steps, ctypes.c_void_p))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0) == 0)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))


def _switch_off_other_drivers(driver: str) -> None:
    # GDAL reads GDAL_SKIP once, when it is loaded: find the names, then begin again with it.
    import pyogrio  # noqa: PLC0415

    others = sorted(set(pyogrio.list_drivers()) - {driver})
    environment = {
        "GDAL_SKIP": ",".join(others),
        "LOCKED_IN": "1",
        "PATH": "/usr/bin:/bin",
        "SHAPE_RESTORE_SHX": "YES",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    }
    os.execve(sys.executable, [sys.executable, "-I", *sys.argv], environment)  # noqa: S606


def _read(
    *, driver: str, path: str, output: str, layer: str, encoding: str, most_rows: int
) -> dict[str, object]:
    import pyarrow as pa  # noqa: PLC0415  (after the doors are shut)
    import pyogrio  # noqa: PLC0415

    layers = [str(name) for name, _ in pyogrio.list_layers(path)]
    if not layer and len(layers) != 1:
        return {"layers": layers}
    chosen = layer or layers[0]
    if chosen not in layers:
        return {"layers": layers}
    info = pyogrio.read_info(path, layer=chosen)
    if info["driver"] != driver:
        return {"driver": info["driver"]}
    if most_rows and info["features"] > most_rows:
        return {"too-many": most_rows}
    meta, table = pyogrio.read_arrow(
        path, layer=chosen, encoding=encoding or None, datetime_as_string=True
    )
    with pa.OSFile(output, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return {
        "crs": meta["crs"],
        "geometry": meta["geometry_name"] or "wkb_geometry",
        "rows": table.num_rows,
        "drivers": len(pyogrio.list_drivers()),
    }


def main() -> int:
    """Read what the command line names.

    Returns
    -------
    int
        0 when the layer was written, or when what stood in the way is told as JSON.
    """
    driver, path, output, layer, encoding, most_rows = sys.argv[1:7]
    if "LOCKED_IN" not in os.environ:  # noqa: TID251  (our own mark, set above)
        _switch_off_other_drivers(driver)
    _limit()
    if not cut_network():
        answer: dict[str, object] = {"no-lock": True}
    else:
        answer = _read(
            driver=driver, path=path, output=output, layer=layer, encoding=encoding,
            most_rows=int(most_rows),
        )  # fmt: skip
    Path(output).with_suffix(".json").write_text(json.dumps(answer), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
