"""Made-up messages and histories of one user, in whole hours."""

from hypothesis import strategies as st

from streams.core.changes import Change
from streams.core.instants import HOUR_MS
from streams.delivery.message import Cap, Content, Message, Messages, Shared, Trigger
from streams.delivery.quiet import Quiet
from streams.delivery.templates import template

SEGMENTS = ("a", "b")
LEVELS = ("tier/x", "tier/y", "tier/z")
HOURS = 100


def change(
    segment: str = "a",
    kind: str = "entered",
    hour: int = 0,
    ordinal: int = 1,
    user: str = "ann",
    previous: str | None = None,
    **traits: object,
) -> Change:
    return Change(
        subject=user,
        rule=segment.partition("/")[0],
        type=f"segment.{kind}",  # type: ignore[arg-type]  # one of the three
        segment=segment,
        previous=previous,
        occurred_at=hour * HOUR_MS,
        cause="event",
        event_id=None,
        ordinal=ordinal,
        rule_version="",
        because=(),
        segments=(),
        traits=traits,
    )


def cap(most: int, hours: int) -> Cap:
    return Cap(most, hours * HOUR_MS, f"{most} in {hours}h")


def content(title: str = "Hello") -> dict[str, Content]:
    return {"": Content(template(title, None, 200))}


hours = st.integers(0, 30)
caps = st.none() | st.builds(cap, st.integers(1, 3), st.integers(1, 48))
quiets = st.none() | st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda both: both[0] != both[1]).map(
    lambda both: Quiet(both[0] * 60, both[1] * 60)
)
triggers = st.builds(Trigger, st.sampled_from(["enters", "leaves"]), st.sampled_from(SEGMENTS)) | st.builds(
    Trigger, st.sampled_from(["becomes", "leaves"]), st.sampled_from(LEVELS)
)


@st.composite
def messages(draw: st.DrawFn) -> Messages:
    made = []
    for name in ("m1", "m2", "m3")[: draw(st.integers(1, 3))]:
        delay = draw(hours)
        made.append(
            Message(
                name=name,
                on=tuple(draw(st.lists(triggers, min_size=1, max_size=2, unique=True))),
                content=content(),
                is_live=draw(st.integers(0, 9)) > 0,
                kind=draw(st.sampled_from(["card", "banner"])),
                delay_ms=delay * HOUR_MS,
                expires_ms=(delay + draw(st.integers(1, 40))) * HOUR_MS,
                withdraw=draw(st.booleans()),
                cap=draw(caps),
                group=draw(st.sampled_from([None, "g"])),
                quiet=draw(quiets),
                priority=draw(st.integers(0, 2)),
                holdout=draw(st.sampled_from([0.0, 0.5, 1.0])),
            )
        )
    group = draw(caps)
    return Messages(tuple(made), Shared(draw(caps), {} if group is None else {"g": group}))


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[Change, bool]]:
    """In order of time; in and out of each segment by turns, and from level to level."""
    found: list[tuple[Change, bool]] = []
    ordinals = dict.fromkeys((*SEGMENTS, "tier"), 0)
    level: str | None = None
    for hour in sorted(draw(st.lists(st.integers(0, HOURS), max_size=14))):
        rule = draw(st.sampled_from((*SEGMENTS, "tier")))
        ordinals[rule] += 1
        if rule == "tier":
            new = draw(st.sampled_from([each for each in LEVELS if each != level]))
            made = change(new, "changed", hour, ordinals[rule], previous=level)
            level = new
        else:
            made = change(rule, "entered" if ordinals[rule] % 2 else "exited", hour, ordinals[rule])
        found.append((made, draw(st.integers(0, 4)) > 0))
    return found


def message(name: str = "m", on: str = "enters a", **parts: object) -> Message:
    return Message(name=name, on=(Trigger.of(on),), **({"content": content()} | parts))  # type: ignore[arg-type]  # fields
