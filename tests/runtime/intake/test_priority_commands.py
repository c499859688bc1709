"""Which commands go before all events, in which order, and when all are done."""

from streams.core.engine.erasure import Erasure
from streams.core.merges import Noted
from streams.runtime.intake.priority_commands import PriorityCommands
from streams.testing import instant

NOON = instant("2026-03-01 12:00")


def test_commands_are_done_once_all_that_there_are_have_been_taken() -> None:
    commands = PriorityCommands(5)
    assert (commands.position, commands.are_done) == (5, False)
    commands.add(6, Erasure("ann", NOON))
    commands.add(8, Erasure("bob", NOON))
    commands.pass_to(9, caught_up=True)
    assert (commands.position, commands.are_done, len(commands)) == (6, False, 2)
    assert [each.subject for each in commands.take(1)] == ["ann"]
    assert (commands.position, commands.are_done) == (8, False)
    assert [each.subject for each in commands.take(9)] == ["bob"]
    assert (commands.position, commands.are_done) == (9, True)


def test_erasures_wait_that_the_shard_of_a_past_has_not_done_and_word_of_merges_goes_ahead_of_them() -> None:
    commands = PriorityCommands(5)
    commands.hold_from(7)
    noted = Noted("cy", "dora", NOON, None, {})
    commands.add(6, Erasure("ann", NOON))
    commands.add(7, Erasure("bob", NOON))
    commands.add(8, noted)
    commands.pass_to(9, caught_up=True)
    assert (commands.position, commands.are_done, len(commands)) == (6, False, 3)
    assert commands.take(1) == [noted]
    assert [each.subject for each in commands.take(9)] == ["ann"]
    assert (commands.position, commands.are_done) == (7, True)
    commands.hold_from(8)
    assert not commands.are_done
    assert [each.subject for each in commands.take(9)] == ["bob"]
    assert (commands.position, commands.are_done) == (9, True)
