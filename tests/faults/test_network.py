"""A line does to those who go by it what it says, and to nobody else; and Kafka has each machine come by its own."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from streams.embedded.server import HOST
from tests.faults.machine import WiredKafka
from tests.faults.network import Line, Network

WITHIN_S = 60.0
LISTENERS = ("listeners", "advertised.listeners")


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as made:
        yield made


@pytest.fixture
def line(network: Network) -> Iterator[Line]:
    """To a server that says again what it is told."""
    with socket.create_server((HOST, 0)) as server:
        threading.Thread(target=echo, args=(server,), daemon=True).start()
        yield network.line("a server", server.getsockname()[1])


def echo(server: socket.socket) -> None:
    with suppress(OSError):  # it ends with the test
        while True:
            threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()


def answer(client: socket.socket) -> None:
    with client, suppress(OSError):
        while some := client.recv(1_024):
            client.sendall(some)


def connected(line: Line) -> socket.socket:
    return socket.create_connection((HOST, line.port), WITHIN_S)


def said_again(client: socket.socket, what: bytes) -> bytes:
    """What comes back; nothing where the connection is gone."""
    with suppress(ConnectionError):
        client.sendall(what)
        return client.recv(1_024)
    return b""


def test_a_line_brings_what_is_said_and_counts_who_goes_by_it(line: Line) -> None:
    with connected(line) as one, connected(line) as other:
        assert (said_again(one, b"a"), said_again(other, b"b")) == (b"a", b"b")
        assert line.connections == 2


def test_a_line_that_is_cut_ends_connections_and_makes_none_until_it_is_mended(line: Line) -> None:
    with connected(line) as before:
        assert said_again(before, b"a") == b"a"
        line.is_cut(True)
        assert while_there(before) == b""
        with connected(line) as meanwhile:
            assert said_again(meanwhile, b"b") == b""
        line.is_cut(False)
        with connected(line) as after:
            assert said_again(after, b"c") == b"c"


def while_there(client: socket.socket) -> bytes:
    """Nothing, once it is gone."""
    try:
        return client.recv(1_024)
    except ConnectionError:
        return b""


def test_who_was_connected_while_a_line_was_silent_never_hears_again_and_is_not_told(line: Line) -> None:
    with connected(line) as before:
        assert said_again(before, b"a") == b"a"
        line.is_silent(True)
        with connected(line) as meanwhile:
            for deaf in (before, meanwhile):
                deaf.sendall(b"b")
            while line.connections < 2:
                time.sleep(0.01)
            line.is_silent(False)
            with connected(line) as after:
                assert said_again(after, b"c") == b"c"
            for deaf in (before, meanwhile):
                deaf.setblocking(False)
                with pytest.raises(BlockingIOError):
                    deaf.recv(1_024)


def test_kafka_advertises_to_each_machine_the_end_of_its_own_line(network: Network) -> None:
    with closing(WiredKafka()) as kafka:
        ends = [f"{HOST}:{kafka.wired(network).port}" for _ in range(2)]
        said = dict(line.split("=", 1) for line in kafka.properties().splitlines() if "=" in line)
    listens, advertised = (dict(each.split("://") for each in said[name].split(",")) for name in LISTENERS)
    assert list(listens) == ["PLAINTEXT", "CONTROLLER", "M0", "M1"]
    assert [advertised["M0"], advertised["M1"]] == ends
    assert not {*listens.values()} & {*ends}
    assert {"M0:PLAINTEXT", "M1:PLAINTEXT"} < {*said["listener.security.protocol.map"].split(",")}
