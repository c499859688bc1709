"""Values of options, as rules and records write them."""

import click

from streams.core.instants import parse_duration, parse_time


class Time(click.ParamType):
    """An instant; ms."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        ms = parse_time(value)
        if ms is None:
            self.fail(f"{value!r} is no time such as 2026-03-01 or 2026-03-01T09:00:00Z", param, ctx)
        return ms


class Duration(click.ParamType):
    """A length of time; ms."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        ms = value if isinstance(value, int) else parse_duration(str(value))
        if ms is None:
            self.fail(f"{value!r} is no duration such as 30s, 5m, 2h or 1d", param, ctx)
        return ms


class Id(click.ParamType):
    """Of a user, or an alias."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from streams.sources.records import MAX_ID_CHARACTERS

        if not 1 <= len(value) <= MAX_ID_CHARACTERS:
            self.fail(f"an id has 1 to {MAX_ID_CHARACTERS} characters, this one {len(value)}", param, ctx)
        if any("\udc80" <= char <= "\udcff" for char in value):  # what Python makes of other bytes
            self.fail("an id is a text in UTF-8, this one has other bytes", param, ctx)
        return value


class Percent(click.ParamType):
    """A share; 0.05 of `5%`."""

    name = "percent"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).removesuffix("%").strip()
        if not text.replace(".", "", 1).isdecimal() or not text.isascii():
            self.fail(f"{value!r} is no share such as 5%", param, ctx)
        return float(text) / 100
