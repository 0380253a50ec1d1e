"""Starts the stand-in: python -m moodle_standin --port N --seed FILE.json [--port-file PATH]."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
from pathlib import Path

import uvicorn

from moodle_standin.seed import build_site, default_seed, read_seed
from moodle_standin.server import create_app


def main() -> None:
    """Binds 127.0.0.1, says where it listens, and serves until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m moodle_standin", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free port")
    parser.add_argument(
        "--seed", type=Path, help="JSON file with accounts, courses and the service account's token"
    )
    parser.add_argument("--port-file", type=Path, help="the port is written here when the site is ready")
    parser.add_argument("--show-token", action="store_true", help="print the service account's token")
    parser.add_argument(
        "--stop-with-stdin",
        action="store_true",
        help="end when standard input ends: with the program that started this",
    )
    arguments = parser.parse_args()
    site = build_site(read_seed(arguments.seed) if arguments.seed else default_seed())
    # The protocol is named because asyncio sends small packets at once only where it is: else 40 ms a call.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name != "nt":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", arguments.port))
    listener.listen(128)
    port = listener.getsockname()[1]
    site.settings.url = f"http://127.0.0.1:{port}"
    print(f"stand-in Moodle on {site.settings.url}", flush=True)  # noqa: T201
    if arguments.show_token:
        print(f"token: {next(t.token for t in site.tokens.values() if t.service == 'lmssync')}", flush=True)  # noqa: T201
    if arguments.port_file:
        write_port(arguments.port_file, port)
    config = uvicorn.Config(
        create_app(site), log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    if arguments.stop_with_stdin:
        threading.Thread(target=_stop_when_stdin_ends, args=(server,), daemon=True).start()
    server.run(sockets=[listener])


def _stop_when_stdin_ends(server: uvicorn.Server) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    server.should_exit = True


def write_port(path: Path, port: int) -> None:
    """Writes the port in one step: who sees the file sees the whole number."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(f"{port}\n", encoding="utf-8", newline="\n")
    os.replace(partial, path)


if __name__ == "__main__":
    main()
