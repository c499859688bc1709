"""A process of our own beside us."""

import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from streams.demo.child import Child
from streams.errors import SegmenterError


def count(connection: Connection, until: int) -> None:
    for number in range(until):
        connection.send(number)


def fail(connection: Connection) -> None:
    raise ValueError("no such thing")


def answer(connection: Connection) -> None:
    connection.send(os.getpid())
    while True:
        connection.send(connection.recv())


async def test_it_tells_all_that_the_process_tells_until_that_ends(tmp_path: Path) -> None:
    with Child("counter", count, (3,), tmp_path / "log") as child:
        assert [message async for message in child.messages()] == [0, 1, 2]


async def test_a_process_that_fails_is_a_fault_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Child("counter", fail, (), tmp_path / "log") as child, pytest.raises(SegmenterError) as fault:
        await anext(child.messages())
    assert "The counter ended with status 1" in str(fault.value)
    assert "ValueError: no such thing" in str(fault.value)


async def test_it_hears_what_it_is_told(tmp_path: Path) -> None:
    with Child("echo", answer, (), tmp_path / "log") as child:
        messages = child.messages()
        await anext(messages)
        child.tell("hello")
        assert await anext(messages) == "hello"
        await messages.aclose()


async def test_ctrl_c_in_the_terminal_is_for_us_alone_and_the_end_of_the_block_is_its_end(tmp_path: Path) -> None:
    with Child("echo", answer, (), tmp_path / "log") as child:
        messages = child.messages()
        pid = await anext(messages)
        os.kill(pid, signal.SIGINT)
        child.tell("still here")
        assert await anext(messages) == "still here"
        await messages.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
