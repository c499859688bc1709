"""Processes: whoever is told to stop is gone in time, whatever is away then; whatever came over them, they hold no more
connections than they need; and they tell of it in words, without a traceback.

How long an end may take is bounded by the product itself, which ends a process that has not ended. A machine that is
busy with other things has more than as long again: whoever waits for what is away waits for a minute and more.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from streams.runtime.running import GONE_WITHIN_S
from streams.state.redis_client import CONNECTIONS
from tests.faults.judges.verdict import Verdict
from tests.faults.told import Held

SLACK_S: Final = 15.0
TRACE: Final = "Traceback (most recent call last)"
REPORT: Final = "please report"
MOST_SHOWN: Final = 3_000
# What a process has for good. Of one broker: where it reads as a member of a group, a connection to the broker and one
# to the group's coordinator; where it writes, one; and one to ask where its inputs end: four. As many again may be left
# of what was given up while it was made, which aiokafka closes no sooner than Python finds them. Of Redis: a pool. What
# a former life of the app left open adds to these with each life; the judge looks again until nothing is wrong.
MOST: Final[Mapping[str, int]] = {"Redis": CONNECTIONS, "Kafka": 2 * (2 + 1 + 1)}


def judge_stops(verdict: Verdict, stops: Sequence[tuple[str, float]]) -> None:
    """Of each who was told to stop how long it took, s."""
    for who, took_s in stops:
        if took_s > GONE_WITHIN_S + SLACK_S:
            verdict.blame("processes that were not gone in time", (who, took_s))
    verdict.counts["stops"] = len(stops)


def judge_connections(verdict: Verdict, held: Sequence[Held]) -> None:
    verdict.counts |= {
        f"connections of one to {server}": max((each.connections for each in held if each.server == server), default=0)
        for server in MOST
    }
    for each in held:
        if each.connections > MOST[each.server]:
            verdict.blame("connections that were left open", each)


def judge_logs(verdict: Verdict, logs: Mapping[str, str]) -> None:
    """What each process said."""
    for name, said in logs.items():
        if TRACE in said:
            verdict.blame("logs with a traceback", (name, said[said.index(TRACE) :][:MOST_SHOWN]))
    asked = sum(said.count(REPORT) for said in logs.values())
    verdict.counts["lines that ask to be reported"] = asked
