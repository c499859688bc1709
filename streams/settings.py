"""The settings: one frozen object, and the only place where the environment is read.

Comes in: the environment, and what a command's flags say. Goes out: `Settings`, or a UsageError in the words
of whoever set the value wrongly. A secret is masked wherever a setting is shown.
"""

import difflib
import os
import re
import typing
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError

from streams.calendars import calendar
from streams.core.calendar import Calendar, signed
from streams.core.instants import DAY_MS, HOUR_MS, format_time
from streams.errors import UsageError
from streams.setting_values import (
    Addresses,
    Currency,
    Duration,
    File,
    Group,
    HeaderName,
    HostPort,
    Instant,
    ListenAt,
    ListenAtOrOff,
    Livemode,
    Names,
    Networks,
    Offset,
    Proxies,
    Rates,
    Replication,
    RootPath,
    Secret,
    SecurityProtocol,
    Start,
    TimeZone,
    TopicName,
    Url,
)

PREFIX: Final = "SEGMENTER_"
MASKED: Final = "***"
MINUTE_MS: Final = 60_000
NO_RATES: Final[Mapping[str, float]] = MappingProxyType({})
DEFAULT_PASSIVE_EVENTS: Final = frozenset(
    {
        *("Email Delivered", "Email Bounced", "Email Marked as Spam"),
        *("Push Notification Received", "Push Notification Bounced"),
    }
)
DEFAULT_NOT_USERS: Final = frozenset(
    "null undefined none nil nan true false 0 -1 anonymous guest id distinct_id not_authenticated".split()
) | {"[object Object]"}
DEFAULT_LINK_TRAITS: Final = frozenset({"stripe_customer_id", "stripeCustomerId"})
DEFAULT_TIMELINE: Final = 20
KEEP_UNLINKED_MS: Final = 90 * DAY_MS
DEFAULT_EARLIEST_MS: Final = 946_684_800_000  # 2000-01-01
# What decides on what the rules make of events.
MEANING: Final = (
    *("rules", "timezone", "utc_offset", "currency", "currency_rates", "passive_events", "private_traits"),
    *("not_users", "earliest", "stripe_livemode", "stripe_accounts", "link_traits", "keep_unlinked", "merge_users"),
    "remembered_ids",
)
# What decides on where records are, and how to get there.
TO_REACH_KAFKA: Final = (
    *("kafka", "kafka_security_protocol", "kafka_sasl_mechanism", "kafka_username", "kafka_password"),
    *("kafka_password_file", "kafka_ca_file", "topic_prefix"),
    *("topic_product_events", "topic_billing_updates", "topic_profile_commands"),
)
# What pydantic finds, in the words of whoever wrote the value.
FAULTS: Final = {
    "int_parsing": "{said!r} is no whole number",
    "bool_parsing": "{said!r} is neither true nor false",
    "string_too_short": "it is empty",
    "greater_than_equal": "{said!r} is too little",
    "less_than_equal": "{said!r} is too much",
}


class Settings(BaseModel):
    """All that can be set. Durations and instants are ms; `name` here is `SEGMENTER_NAME` and `--name`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kafka: Addresses = "localhost:9092"
    kafka_security_protocol: SecurityProtocol = "plaintext"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_username: str = ""
    kafka_password: Secret = None
    kafka_password_file: File = None
    kafka_ca_file: File = None
    redis: SecretStr = SecretStr("redis://localhost:6379/0")
    redis_cluster: Secret = None
    rules: Path = Path("rules")
    group: Group = "segmenter"
    topic_prefix: TopicName = ""
    topic_product_events: TopicName = ""
    topic_billing_updates: TopicName = ""
    topic_rerouted_events: TopicName = ""
    topic_profile_commands: TopicName = ""
    topic_segment_changes: TopicName = ""
    topic_segment_memberships: TopicName = ""
    topic_dead_letters: TopicName = ""
    topic_delivery_commands: TopicName = ""
    topic_deliveries: TopicName = ""
    topic_segment_messages: TopicName = ""
    partitions: Annotated[int, Field(ge=1, le=100_000)] = 4
    replication: Replication = None
    create_topics: bool = True
    start: Start = "earliest"
    session_timeout: Annotated[Duration, Field(ge=1_000, le=60_000)] = 10_000
    partitioner: Literal["murmur2", "crc32", "trust"] = "murmur2"
    timezone: TimeZone = "UTC"
    utc_offset: Offset = None
    currency: Currency = ""
    currency_rates: Rates = Field(default_factory=dict)
    passive_events: Names = DEFAULT_PASSIVE_EVENTS
    not_users: Names = DEFAULT_NOT_USERS
    earliest: Instant = DEFAULT_EARLIEST_MS
    remembered_ids: Annotated[int, Field(ge=16, le=1_024)] = 16
    stripe_livemode: Livemode = "true"
    stripe_accounts: Names = frozenset()
    link_traits: Names = DEFAULT_LINK_TRAITS
    keep_unlinked: Annotated[Duration, Field(ge=0)] = KEEP_UNLINKED_MS
    merge_users: bool = False
    private_traits: Names = frozenset({"email", "phone", "name", "address", "ip"})
    timeline: Annotated[int, Field(ge=0, le=1_000)] = DEFAULT_TIMELINE
    live_within: Annotated[Duration, Field(ge=0)] = HOUR_MS
    accept_partial_history: bool = False
    metrics: ListenAtOrOff = HostPort("127.0.0.1", 9464)
    log: Literal["text", "json"] = "text"
    web: ListenAt = HostPort("127.0.0.1", 8080)
    web_root_path: RootPath = ""
    webhook_private: Networks = frozenset()
    web_proxies: Proxies = frozenset({"127.0.0.1", "::1"})
    web_url: Url = ""
    web_token: Secret = None
    web_token_file: File = None
    web_editor_token: Secret = None
    web_editor_token_file: File = None
    web_user_header: HeaderName = ""
    web_editors: Names = frozenset()
    web_histories: File = None
    web_backtests: File = None
    write_keys: Secret = None
    write_keys_file: File = None
    write_key_origins: Names = frozenset()
    stripe_secrets: Secret = None
    stripe_secrets_file: File = None
    feed_key: Secret = None
    feed_key_file: File = None
    feed_algorithm: Literal["HS256", "RS256", "ES256", "EdDSA"] = "HS256"
    feed_origins: Names = frozenset()
    collect_event_bytes: Annotated[int, Field(ge=1_024, le=1 << 20)] = 32 << 10
    collect_batch_bytes: Annotated[int, Field(ge=1_024, le=16 << 20)] = 500 << 10
    collect_batch_events: Annotated[int, Field(ge=1)] = 2_500
    collect_per_key: Annotated[float, Field(ge=0)] = 0
    collect_per_address: Annotated[float, Field(ge=0)] = 500

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def current(cls, **flags: object) -> Self:
        """What this process' environment and the flags say."""
        return cls.from_environment(os.environ, **flags)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], **flags: object) -> Self:
        """What `environment` and the flags say (a flag that is None was not given); a flag goes first."""
        found: dict[str, object] = {}
        origins: dict[str, str] = {}
        for name in cls.model_fields:
            variable = PREFIX + name.upper()
            if (flag := flags.get(name)) is not None:
                found[name], origins[name] = flag, _flag(name)
            elif variable in environment:
                found[name], origins[name] = environment[variable], variable
        if unknown := flags.keys() - cls.model_fields.keys():
            raise UsageError(_no_such_setting(unknown.pop(), list(cls.model_fields)))
        if {"timezone", "utc_offset"} <= found.keys():
            _leave_one_of(found, origins)
        try:
            settings = cls.model_validate(found)
        except ValidationError as error:
            raise UsageError("\n".join(_fault(fault, origins) for fault in error.errors())) from None
        settings._origins.update(origins)
        return settings

    @classmethod
    def unknown_variables(cls, environment: Mapping[str, str] | None = None) -> list[str]:
        """What is said of each variable (of this process, where no others are given) that looks like a setting and is
        none: a misspelt one has no effect."""
        environment = os.environ if environment is None else environment
        known = [name.upper() for name in cls.model_fields]
        said = sorted(name.removeprefix(PREFIX) for name in environment if name.startswith(PREFIX))
        return [f"{PREFIX}{name} is no setting{_near(name, known)}" for name in said if name not in known]

    def environment_of(self, names: Collection[str]) -> dict[str, str]:
        """The environment of a process of ours in which these are as they are here, said by a flag or a variable."""
        kept = {name: value for name, value in os.environ.items() if name.removeprefix(PREFIX).lower() not in names}
        return kept | {PREFIX + name.upper(): self._written(name) for name in names if self.is_set(name)}

    def _written(self, name: str) -> str:
        """As a variable says it: secrets as they are."""
        value: object = getattr(self, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else self.shown(name)

    @property
    def calendar(self) -> Calendar:
        """When days begin."""
        return calendar(self.timezone if self.utc_offset is None else signed(self.utc_offset))

    def is_set(self, name: str) -> bool:
        """Whether the environment or a flag says it."""
        return name in self._origins

    def topic(self, name: str) -> str:
        """The topic that plays the part of `name`, one of `streams.topics`."""
        return getattr(self, "topic_" + name.replace("-", "_")) or self.topic_prefix + name

    def secret(self, name: str) -> str | None:
        """The value of a secret setting, or what its file holds, read each time: a changed one counts from then on."""
        value: SecretStr | None = getattr(self, name)
        path: Path | None = getattr(self, f"{name}_file")
        if path is None:
            return value.get_secret_value() if value else None
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
            raise UsageError(f"{PREFIX}{name.upper()}_FILE: {why}: {path}") from None

    @staticmethod
    def secret_named(variable: str) -> str | None:
        """A secret that a file names by its variable; None if it is not set. It is read each time."""
        return os.environ.get(variable) or None

    def rows(self) -> list[tuple[str, str, str]]:
        """(variable, value with secrets masked, where it comes from), in the order of their declaration."""
        return [(PREFIX + name.upper(), self.shown(name), self._origins.get(name, "default")) for name in self.names()]

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(cls.model_fields)

    def shown(self, name: str) -> str:
        """The value as people read it, secrets masked."""
        value: Any = getattr(self, name)
        if isinstance(value, SecretStr):
            return _without_password(value.get_secret_value()) if name.startswith("redis") else MASKED
        if name.startswith("topic_") and name != "topic_prefix":
            return self.topic(name.removeprefix("topic_").replace("_", "-"))
        if name == "utc_offset":
            return "" if value is None else signed(value)
        if name in ("session_timeout", "live_within", "keep_unlinked"):
            return _for_people(value)
        if name in ("start", "earliest") and isinstance(value, int):
            return format_time(value)
        if isinstance(value, Mapping):
            value = frozenset(f"{currency}={rate:g}" for currency, rate in value.items())
        if isinstance(value, frozenset):
            return ", ".join(sorted(value))
        if isinstance(value, bool):
            return str(value).lower()
        return "" if value is None else str(value)


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where the compiled engine is kept, for all that run it: where numba's own variable says, else where the XDG base
    directory specification has caches."""
    environment = os.environ if environment is None else environment
    if said := environment.get("NUMBA_CACHE_DIR"):
        return Path(said)
    caches = Path(environment.get("XDG_CACHE_HOME", ""))
    return (caches if caches.is_absolute() else Path.home() / ".cache") / "segmenter"


def _without_password(url: str) -> str:
    return re.sub(r"(://[^:/@]*):.*@", rf"\1:{MASKED}@", url)


def _leave_one_of(found: dict[str, object], origins: dict[str, str]) -> None:
    """The time zone has two names; a flag goes first, whichever of them it is."""
    said = [origins[name] for name in ("timezone", "utc_offset")]
    if said[0].startswith("--") == said[1].startswith("--"):
        raise UsageError(f"{said[1]} is the old name of {said[0]}: leave it out")
    other = "timezone" if said[1].startswith("--") else "utc_offset"
    del found[other], origins[other]


def _for_people(duration_ms: int) -> str:
    for unit, size_ms in (("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS)):
        if duration_ms and duration_ms % size_ms == 0:
            return f"{duration_ms // size_ms}{unit}"
    return f"{duration_ms / 1000:g}s"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _no_such_setting(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"There is no setting {_flag(name)}." + (f" Did you mean {_flag(near[0])}?" if near else "")


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {PREFIX}{near[0]}?" if near else ""


def _fault(fault: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    name = str(fault["loc"][0])
    said = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "literal_error":
        said = f"{fault['input']!r} is none of {', '.join(_choices(name))}"
    elif fault["type"] in FAULTS:
        said = FAULTS[fault["type"]].format(**fault.get("ctx", {}), said=fault["input"])
    return f"{origins.get(name, name)}: {said}"


def _choices(name: str) -> tuple[str, ...]:
    return typing.get_args(Settings.model_fields[name].annotation)
