"""`segmenter web` as a process: it listens, and ends when it is told to, whatever hangs."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from streams.embedded.server import HOST, free_port
from streams.web.connections import HEAD_BYTES
from streams.web.server import GONE_WITHIN_S

# A part with a stream that ends when the process is to end, and one that never does.
STREAMS = """
import asyncio, sys
from starlette.responses import StreamingResponse
from starlette.routing import Route
from streams.settings import Settings
from streams.web import connections
from streams.web.parts import Part, Served
from streams.web.server import serve

class Streams(Part):
    def serve(self, settings, stopping):
        async def ends(request):
            async def lines():
                yield b"begins"
                await stopping.wait()
                yield b"ends"
            return StreamingResponse(lines())
        async def hangs(request):
            async def lines():
                yield b"begins"
                await asyncio.sleep(1_000)
            return StreamingResponse(lines())
        return Served([Route("/ends", ends), Route("/hangs", hangs)])

connections.HEAD_WITHIN_S = float(sys.argv[1])
serve(Settings.current(), [Streams("streams", "", "")])
"""
WITHIN_S = 120.0
PATIENT, IMPATIENT = ("-c", STREAMS, "120"), ("-c", STREAMS, "0.5")
SLACK_S = 30.0  # for a machine that stands still for a while; a stream that hangs would do so for a thousand seconds


@contextmanager
def started(*command: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    environment = {"SEGMENTER_WEB": f"{HOST}:{port}"}
    with subprocess.Popen([sys.executable, *command], env=environment, stderr=subprocess.PIPE) as process:
        try:
            wait_for(process, port)
            yield process, port
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            with socket.create_connection((HOST, port), timeout=1):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"it does not listen, and had said:\n{process.communicate()[1].decode()}")
            time.sleep(0.05)


def opened(port: int, path: str) -> socket.socket:
    """A connection on which the stream has begun."""
    connection = socket.create_connection((HOST, port), timeout=WITHIN_S)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    received = b""
    while b"begins" not in received:
        part = connection.recv(1_000)
        assert part, f"it hung up after {received!r}"
        received += part
    return connection


def test_health_answers_and_the_process_ends_with_status_0() -> None:
    with started("-m", "streams", "web") as (process, port):
        with urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=WITHIN_S) as answer:
            assert json.load(answer)["status"] == "ok"
        process.send_signal(signal.SIGTERM)
        assert process.wait(WITHIN_S) == 0


def test_streams_end_when_the_process_is_to_end() -> None:
    with started(*PATIENT) as (process, port), opened(port, "/ends") as stream:
        process.send_signal(signal.SIGTERM)
        received = b""
        while part := stream.recv(1_000):
            received += part
        assert b"ends" in received
        assert process.wait(WITHIN_S) == 0


def test_the_process_is_gone_within_ten_seconds_although_a_stream_hangs() -> None:
    assert GONE_WITHIN_S < 10
    with started(*PATIENT) as (process, port), opened(port, "/hangs"):
        since = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(WITHIN_S) == 0
        assert time.monotonic() - since < GONE_WITHIN_S + SLACK_S


def test_who_never_says_what_is_wanted_is_hung_up_on() -> None:
    with started(*IMPATIENT) as (_, port):
        for said in (b"", b"GET /health HTTP/1.1\r\nX: "):
            with socket.create_connection((HOST, port), timeout=WITHIN_S) as connection:
                connection.sendall(said)
                assert is_hung_up(connection)


def is_hung_up(connection: socket.socket) -> bool:
    """What the other side had not read yet makes a reset of it."""
    try:
        return connection.recv(1_000) == b""
    except ConnectionResetError:
        return True


def test_headers_without_end_are_refused() -> None:
    # As many as it takes, and none more: who is hung up on while there is more to send may lose the answer.
    headers = HEAD_BYTES // len("X-More" + "and more") + 1
    with started(*PATIENT) as (_, port), socket.create_connection((HOST, port), timeout=WITHIN_S) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\n" + b"X-More: and more\r\n" * headers)
        assert connection.recv(1_000).startswith(b"HTTP/1.1 400 ")
