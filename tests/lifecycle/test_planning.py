"""What would happen if other rules were applied now."""

import pytest
from msgspec import json

from streams.core.instants import DAY_MS, parse_time
from streams.lifecycle.applying import apply
from streams.lifecycle.checking import check_files
from streams.lifecycle.differences import How, differences
from streams.lifecycle.planning import make_plan
from streams.lifecycle.reach import Reach
from streams.settings import Settings
from streams.state.format import SETTLED
from streams.state.store import Store
from streams.terminal.plan import in_json, in_words
from tests.lifecycle.state import left_by_worker, signed_in

AT = parse_time("2026-11-03T09:14:00Z") or 0
QUIET = {"quiet.yaml": "segment: quiet\nenter: idle_days >= 7\n"}
STRICTER = {"quiet.yaml": "segment: quiet\nenter: idle_days >= 3\n"}
KEEN = {"keen.yaml": "segment: keen\nenter: active_days(days=30) >= 8\n"}
OFTEN = {"often.yaml": 'segment: often\nenter: count("Signed In") >= 8\n'}
LIFE = {"life.yaml": "tier: life\nlevels:\n  new: tenure_days < 5\n  old: otherwise\n"}
BACK = {"messages/back.yaml": "message: back\non: enters quiet\nchannel: in_app\nkind: card\ntitle: Hello\nbody: Hi.\n"}
SETTINGS = Settings()
DAYS_AGO = {"ann": 10, "bob": 4, "cid": 0}
EVENTS = [signed_in(user, AT - days * DAY_MS) for user, days in DAYS_AGO.items()]


def told(then: dict[str, str] | None, now: dict[str, str]) -> list[tuple[How, str, str]]:
    found = differences(check_files(then) if then else None, check_files(now))
    return [(each.how, each.what, each.name) for each in found]


def test_what_differs_is_told_rule_by_rule_and_how() -> None:
    described = {"quiet.yaml": QUIET["quiet.yaml"] + "description: Went quiet\n"}
    assert told(QUIET, QUIET | KEEN) == [(How.ADDED, "segment", "keen")]
    assert told(QUIET | KEEN, QUIET) == [(How.REMOVED, "segment", "keen")]
    assert told(QUIET, STRICTER) == [(How.CHANGED, "segment", "quiet")]
    assert told(QUIET, described) == [(How.DESCRIBED, "segment", "quiet")]
    assert told(QUIET, {"quiet.yaml": "# a remark\n" + QUIET["quiet.yaml"]}) == []
    assert told(None, LIFE) == [(How.ADDED, "tier", "life")]


def test_messages_and_what_they_share_are_told_too() -> None:
    changed = {"messages/back.yaml": BACK["messages/back.yaml"].replace("Hello", "Hi")}
    caps = {"messages/_caps.yaml": "salt: x\n"}
    assert told(QUIET | BACK, QUIET | changed) == [(How.CHANGED, "message", "back")]
    assert told(QUIET | BACK, QUIET) == [(How.REMOVED, "message", "back")]
    assert told(QUIET, QUIET | BACK | caps) == [(How.ADDED, "caps", "_caps"), (How.ADDED, "message", "back")]


async def test_who_would_enter_and_leave_is_told_as_the_engine_will_do_it(kept: Store) -> None:
    then = check_files(QUIET)
    version = await apply(kept.group, then, after=None, author="ann", note="", at_ms=AT)
    await left_by_worker(kept, then.rulebook, EVENTS)
    plan = await make_plan(kept, SETTINGS, check_files(STRICTER | LIFE))
    assert plan.live == version
    assert plan.estimate.is_exact
    assert plan.estimate.moves == {"quiet": (1, 1, 0), "life/new": (0, 2, 0), "life/old": (0, 1, 0)}
    assert [change.subject for change in plan.estimate.examples["quiet"]] == ["bob"]
    assert plan.row_bytes[1] - plan.row_bytes[0] == 16
    assert not plan.warming


async def test_a_rule_that_is_taken_out_is_left_by_all(kept: Store) -> None:
    then = check_files(QUIET | KEEN)
    await apply(kept.group, then, after=None, author="ann", note="", at_ms=AT)
    await left_by_worker(kept, then.rulebook, EVENTS)
    plan = await make_plan(kept, SETTINGS, check_files(KEEN))
    assert plan.estimate.moves["quiet"][:3] == (1, 0, 1)
    assert list(plan.beyond(0.5)) == ["quiet"]
    assert not plan.beyond(1.0)


async def test_counts_that_were_not_kept_are_told_beforehand(kept: Store) -> None:
    then = check_files(QUIET)
    await apply(kept.group, then, after=None, author="ann", note="", at_ms=AT)
    await left_by_worker(kept, then.rulebook, EVENTS)
    plan = await make_plan(kept, SETTINGS, check_files(QUIET | KEEN))
    assert [rule.rule.name for rule in plan.warming] == ["keen"]


@pytest.mark.parametrize(
    ("reach", "lacking", "says"),
    [
        (Reach(), [], "Topics reach back to where they began."),
        (Reach(unknown="Kafka sleeps"), [], "How far topics reach back is not known: Kafka sleeps"),
        (
            Reach({"product-events": AT - 10 * DAY_MS, "billing-updates": AT - 40 * DAY_MS}),
            [("keen", "active_days(days=30)", 20), ("often", 'count("Signed In")', None)],
            'often: count("Signed In") has what came since Sat 24 Oct 09:14 UTC, for good.',
        ),
        (
            Reach({"product-events": AT - 40 * DAY_MS}),
            [("often", 'count("Signed In")', None)],
            "Topic product-events has what came since Thu 24 Sep 09:14 UTC: what was before is not counted.",
        ),
        (
            Reach({"product-events": None}),
            [("keen", "active_days(days=30)", 30), ("often", 'count("Signed In")', None)],
            "Topic product-events has nothing any more: what was before is not counted.",
        ),
    ],
)
async def test_how_far_topics_reach_back_and_what_will_be_lacking_is_told_beforehand(
    kept: Store, reach: Reach, lacking: list[tuple[str, str, int | None]], says: str
) -> None:
    async def ask() -> Reach:
        return reach

    then = check_files(QUIET)
    await apply(kept.group, then, after=None, author="ann", note="", at_ms=AT)
    await left_by_worker(kept, then.rulebook, EVENTS)
    await kept.group.put(SETTLED, "partitions", b"1")
    plan = await make_plan(kept, SETTINGS, check_files(QUIET | KEEN | OFTEN), ask=ask)
    assert plan.awaits
    found = [(rule, text, None if at is None else at // DAY_MS - AT // DAY_MS) for rule, (text, _, at) in plan.partly]
    assert found == lacking
    assert says in in_words(plan).replace("\n      ", " ").replace("\n    ", " ")
    assert json.decode(in_json(plan))["past"]["unknown"] == (reach.unknown or None)


async def test_while_the_first_backlog_is_worked_off_a_plan_is_as_of_the_newest_event(kept: Store) -> None:
    async def ask() -> Reach:
        return Reach({"product-events": None})

    then = check_files(QUIET)
    await apply(kept.group, then, after=None, author="ann", note="", at_ms=AT)
    await left_by_worker(kept, then.rulebook, EVENTS, ticks=False)
    await kept.group.put(SETTLED, "partitions", b"1")
    plan = await make_plan(kept, SETTINGS, check_files(QUIET | KEEN), ask=ask)
    assert plan.estimate.now_ms == AT
    assert "has what came since Tue 3 Nov 09:14 UTC; its window is whole on Thu 3 Dec 00:00 UTC" in " ".join(
        in_words(plan).split()
    )


async def test_what_need_not_wait_asks_nobody_how_far_topics_reach_back(kept: Store) -> None:
    async def ask() -> Reach:
        raise AssertionError("nobody need know")

    then = check_files(QUIET)
    await apply(kept.group, then, after=None, author="ann", note="", at_ms=AT)
    await left_by_worker(kept, then.rulebook, EVENTS)
    await kept.group.put(SETTLED, "partitions", b"1")
    assert (await make_plan(kept, SETTINGS, check_files(STRICTER), ask=ask)).reach is None


async def test_what_awaits_its_past_is_said_to_be_given_up(kept: Store) -> None:
    then = check_files(QUIET)
    first = await apply(kept.group, then, after=None, author="ann", note="", at_ms=AT)
    await left_by_worker(kept, then.rulebook, EVENTS)
    await kept.group.put(SETTLED, "partitions", b"1")
    assert (await apply(kept.group, check_files(KEEN), after=first, author="ann", note="", at_ms=AT)).awaits
    said = in_words(await make_plan(kept, SETTINGS, check_files(STRICTER)))
    assert "Version 2 awaits its past, and is given up by this" in said


async def test_a_sample_is_scaled_up_and_says_so(kept: Store) -> None:
    then = check_files(QUIET)
    await apply(kept.group, then, after=None, author="ann", note="", at_ms=AT)
    many = [signed_in(f"u{i}", AT - 10 * DAY_MS) for i in range(700)]
    await left_by_worker(kept, then.rulebook, [*many, signed_in("z", AT)])
    plan = await make_plan(kept, SETTINGS, check_files(KEEN), sample=20)
    assert not plan.estimate.is_exact
    assert plan.estimate.profiles == 701
    assert plan.estimate.moves["quiet"].leaving == pytest.approx(700, rel=0.1)


async def test_the_rules_of_new_segments_move_nobody_out_of_anything(kept: Store) -> None:
    then = check_files(QUIET)
    await apply(kept.group, then, after=None, author="ann", note="", at_ms=AT)
    await left_by_worker(kept, then.rulebook, EVENTS)
    assert not (await make_plan(kept, SETTINGS, check_files(QUIET | LIFE))).beyond(0.0)
    assert list((await make_plan(kept, SETTINGS, check_files(STRICTER))).beyond(0.99)) == ["quiet"]


async def test_an_id_stands_for_what_is_live_and_what_would_be(kept: Store) -> None:
    then, now = check_files(QUIET), check_files(KEEN)
    before = (await make_plan(kept, SETTINGS, now)).plan_id
    first = await apply(kept.group, then, after=None, author="ann", note="", at_ms=AT)
    after = await make_plan(kept, SETTINGS, now)
    assert after.plan_id != before
    assert after.plan_id == (await make_plan(kept, SETTINGS, check_files(dict(reversed(KEEN.items()))))).plan_id
    assert after.plan_id != (await make_plan(kept, SETTINGS, then)).plan_id
    await apply(kept.group, check_files(QUIET | LIFE), after=first, author="bob", note="", at_ms=AT)
    assert after.plan_id != (await make_plan(kept, SETTINGS, now)).plan_id


async def test_there_need_be_no_state_yet(kept: Store) -> None:
    plan = await make_plan(kept, SETTINGS, check_files(QUIET))
    assert (plan.live, plan.estimate.moves, plan.estimate.profiles, plan.is_empty) == (None, {}, 0, False)
    assert [each.how for each in plan.differences] == [How.ADDED]
