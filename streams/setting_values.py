"""What the text of a setting means: the types of the fields of `streams.settings.Settings`.

Comes in: what a variable or a flag says. Goes out: the value, or a ValueError in the words of whoever wrote it.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, SecretStr

from streams.calendars import check_name, fixed_offset_ms
from streams.core.instants import parse_duration, parse_time


class HostPort(NamedTuple):
    """Where to listen.

    >>> str(HostPort("::1", 80)), HostPort("::1", 80).is_loopback, HostPort("0.0.0.0", 80).is_loopback
    ('[::1]:80', True, False)
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def _host_port(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"([^\s:/@\[\]]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})", value)
    if found is None or int(found[2]) > 65_535:
        raise ValueError(f"{value!r} is no address to listen at such as 127.0.0.1:8080")
    return HostPort(found[1].strip("[]"), int(found[2]))


def _off_or_host_port(value: object) -> object:
    if value in ("", "off"):
        return None
    return _host_port(value)


def _path(value: object) -> object:
    """`/segments`; nothing for the top."""
    if not isinstance(value, str):
        return value
    path = value.rstrip("/")
    if path and not re.fullmatch(r"(/[\w.~-]+)+", path, re.ASCII):
        raise ValueError(f"{value!r} is no path such as /segments")
    return path


def _url(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value and not re.fullmatch(r"https?://[^/\s?#@]+(/[^\s?#]*)?", value):
        raise ValueError(f"{value!r} is no address such as https://events.example.com")
    return value.rstrip("/")


def _networks(value: object) -> object:
    """`10.0.0.0/8, 127.0.0.1`."""
    if not isinstance(value, str):
        return value
    found = set()
    for part in filter(None, map(str.strip, value.split(","))):
        try:
            found.add(str(ipaddress.ip_network(part)))
        except ValueError:
            raise ValueError(f"{part!r} is no address or network such as 10.0.0.0/8") from None
    return frozenset(found)


def _proxies(value: object) -> object:
    """`10.0.0.0/8, ::1`; or `*` alone: beside others it would say nothing."""
    return frozenset("*") if isinstance(value, str) and value.strip() == "*" else _networks(value)


def _header(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9-]*", value):
        return value
    raise ValueError(f"{value!r} is no header such as X-Forwarded-User")


def _addresses(value: object) -> object:
    if not isinstance(value, str) or not value:
        return value
    parts = [part.strip() for part in value.split(",")]
    for part in parts:
        found = re.fullmatch(r"(?:[^\s:/@]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?", part)
        if found is None or not 0 < int(found[1] or 9092) < 65_536:
            raise ValueError(f"{part!r} is no address such as kafka-1:9092")
    return ",".join(parts)


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    parsed = 0 if value == "0" else parse_duration(value)
    if parsed is None:
        raise ValueError(f"{value!r} is no duration such as 30s, 5m, 2h or 1d")
    return parsed


def _offset(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value:
        return None
    ms = fixed_offset_ms(value)
    if ms is None:
        raise ValueError(f"{value!r} is no offset from UTC such as -08:00 or +05:30")
    return ms


def _timezone(value: object) -> object:
    return check_name(value) if isinstance(value, str) else value


def _names(value: object) -> object:
    if not isinstance(value, str):
        return value
    return frozenset(name.strip() for name in value.split(",") if name.strip())


def _time(value: object) -> object:
    if not isinstance(value, str):
        return value
    parsed = parse_time(value)
    if parsed is None:
        raise ValueError(f"{value!r} is no time such as 2000-01-01")
    return parsed


def _start(value: object) -> object:
    if not isinstance(value, str) or value in ("earliest", "latest"):
        return value
    parsed = parse_time(value)
    if parsed is None:
        raise ValueError(f"{value!r} is neither earliest, latest nor a time such as 2026-03-01T00:00:00Z")
    return parsed


def _name_of(pattern: str) -> Callable[[object], object]:
    def check(value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r} may have letters, digits, dots, underscores and hyphens only")
        return value

    return check


def _currency(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"([A-Za-z]{3})?", value):
        return value.upper()
    raise ValueError(f"{value!r} is no currency such as USD")


def _rates(value: object) -> object:
    """`EUR=1.08, JPY=0.0067`."""
    if not isinstance(value, str):
        return value
    rates: dict[str, float] = {}
    for part in filter(None, map(str.strip, value.split(","))):
        found = re.fullmatch(r"([A-Za-z]{3})\s*=\s*(\d+(?:\.\d+)?)", part)
        if found is None or not float(found[2]):
            raise ValueError(f"{part!r} is no rate such as EUR=1.08")
        rates[found[1].upper()] = float(found[2])
    return rates


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


def _lower(value: object) -> object:
    return value.lower().replace("-", "_") if isinstance(value, str) else value


Addresses = Annotated[str, Field(min_length=1), BeforeValidator(_addresses)]
Currency = Annotated[str, BeforeValidator(_currency)]
Duration = Annotated[int, BeforeValidator(_duration)]
File = Annotated[Path | None, BeforeValidator(_empty_is_none)]
ListenAt = Annotated[HostPort, BeforeValidator(_host_port)]
ListenAtOrOff = Annotated[HostPort | None, BeforeValidator(_off_or_host_port)]
# It becomes a Kafka group, a part of Redis keys (whose {} are hash tags) and of a CloudEvents source.
Group = Annotated[str, BeforeValidator(_name_of(r"[A-Za-z0-9._-]{1,200}"))]
HeaderName = Annotated[str, BeforeValidator(_header)]
Instant = Annotated[int, BeforeValidator(_time)]
Livemode = Annotated[Literal["true", "false", "any"], BeforeValidator(_lower)]
Networks = Annotated[frozenset[str], BeforeValidator(_networks)]
Names = Annotated[frozenset[str], BeforeValidator(_names)]
Proxies = Annotated[frozenset[str], BeforeValidator(_proxies)]
Offset = Annotated[int | None, BeforeValidator(_offset)]
RootPath = Annotated[str, BeforeValidator(_path)]
Rates = Annotated[Mapping[str, float], BeforeValidator(_rates)]
Replication = Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(_empty_is_none)]
Secret = Annotated[SecretStr | None, BeforeValidator(_empty_is_none)]
SecurityProtocol = Annotated[Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"], BeforeValidator(_lower)]
Start = Annotated[Literal["earliest", "latest"] | int, BeforeValidator(_start)]
TimeZone = Annotated[str, BeforeValidator(_timezone)]
TopicName = Annotated[str, BeforeValidator(_name_of(r"[A-Za-z0-9._-]{0,249}"))]  # what Kafka itself allows
Url = Annotated[str, BeforeValidator(_url)]
