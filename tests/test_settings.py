"""Settings: what the environment and flags say, and what people are told when they say it wrongly."""

from pathlib import Path

import pytest

from streams.errors import UsageError
from streams.settings import Settings
from streams.topics import TOPICS

SECRETS = [name for name in Settings.names() if f"{name}_file" in Settings.names()]


def test_nothing_said_gives_the_defaults() -> None:
    shown = {variable: value for variable, value, _ in Settings.from_environment({}).rows()}
    assert shown["SEGMENTER_KAFKA"] == "localhost:9092"
    assert shown["SEGMENTER_REDIS"] == "redis://localhost:6379/0"
    assert shown["SEGMENTER_PARTITIONS"] == "4"
    assert shown["SEGMENTER_SESSION_TIMEOUT"] == "10s"
    assert shown["SEGMENTER_LIVE_WITHIN"] == "1h"
    assert (shown["SEGMENTER_TIMEZONE"], shown["SEGMENTER_UTC_OFFSET"]) == ("UTC", "")
    assert shown["SEGMENTER_CREATE_TOPICS"] == "true"


@pytest.mark.parametrize(
    ("variable", "value", "meant"),
    [
        ("SESSION_TIMEOUT", "1m", 60_000),
        ("LIVE_WITHIN", "0s", 0),
        ("KAFKA", "kafka-1,10.0.0.2:9093, [::1]:9092", "kafka-1,10.0.0.2:9093,[::1]:9092"),
        ("UTC_OFFSET", "-08:00", -28_800_000),
        ("UTC_OFFSET", "+05:30", 19_800_000),
        ("START", "latest", "latest"),
        ("START", "1970-01-01T00:00:01Z", 1_000),
        ("PARTITIONS", "12", 12),
        ("REPLICATION", "", None),
        ("CREATE_TOPICS", "false", False),
        ("PASSIVE_EVENTS", "Email Opened, Banner Shown", {"Email Opened", "Banner Shown"}),
        ("PRIVATE_TRAITS", "", set()),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL", "sasl_ssl"),
        ("RULES", "/etc/rules", Path("/etc/rules")),
    ],
)
def test_a_variable_is_read_as_what_it_means(variable: str, value: str, meant: object) -> None:
    settings = Settings.from_environment({f"SEGMENTER_{variable}": value})
    assert getattr(settings, variable.lower()) == meant


def test_a_flag_goes_before_the_environment_and_each_value_says_where_it_is_from() -> None:
    environment = {"SEGMENTER_GROUP": "ours", "SEGMENTER_KAFKA": "a:1"}
    settings = Settings.from_environment(environment, kafka="b:2", redis=None)
    origins = {variable: (value, origin) for variable, value, origin in settings.rows()}
    assert origins["SEGMENTER_KAFKA"] == ("b:2", "--kafka")
    assert origins["SEGMENTER_GROUP"] == ("ours", "SEGMENTER_GROUP")
    assert origins["SEGMENTER_REDIS"][1] == "default"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PARTITIONS", "many", "SEGMENTER_PARTITIONS: 'many' is no whole number"),
        ("PARTITIONS", "0", "SEGMENTER_PARTITIONS: '0' is too little"),
        ("SESSION_TIMEOUT", "2m", "SEGMENTER_SESSION_TIMEOUT: '2m' is too much"),
        ("KAFKA", "", "SEGMENTER_KAFKA: it is empty"),
        ("KAFKA", "http://kafka:9092", "SEGMENTER_KAFKA: 'http://kafka:9092' is no address such as kafka-1:9092"),
        ("KAFKA", "kafka-1:9092,kafka-2:99999", "SEGMENTER_KAFKA: 'kafka-2:99999' is no address"),
        ("SESSION_TIMEOUT", "soon", "SEGMENTER_SESSION_TIMEOUT: 'soon' is no duration such as 30s, 5m, 2h or 1d"),
        (
            "TIMEZONE",
            "America/NewYork",
            "SEGMENTER_TIMEZONE: 'America/NewYork' is no time zone; did you mean America/New_York?",
        ),
        ("UTC_OFFSET", "PST", "SEGMENTER_UTC_OFFSET: 'PST' is no offset from UTC such as -08:00 or +05:30"),
        ("START", "yesterday", "SEGMENTER_START: 'yesterday' is neither earliest, latest nor a time"),
        ("PARTITIONER", "md5", "SEGMENTER_PARTITIONER: 'md5' is none of murmur2, crc32, trust"),
        ("GROUP", "a{b}", "SEGMENTER_GROUP: 'a{b}' may have letters, digits"),
        ("TOPIC_DEAD_LETTERS", "a b", "SEGMENTER_TOPIC_DEAD_LETTERS: 'a b' may have letters, digits"),
        ("CREATE_TOPICS", "perhaps", "SEGMENTER_CREATE_TOPICS: 'perhaps' is neither true nor false"),
    ],
)
def test_a_wrong_value_is_told_with_its_variable_and_what_would_be_right(variable: str, value: str, said: str) -> None:
    with pytest.raises(UsageError) as told:
        Settings.from_environment({f"SEGMENTER_{variable}": value})
    assert str(told.value).startswith(said)


def test_no_time_at_all_needs_no_unit() -> None:
    assert Settings.from_environment({"SEGMENTER_KEEP_UNLINKED": "0"}).keep_unlinked == 0
    with pytest.raises(UsageError, match="'0' is too little"):
        Settings.from_environment({"SEGMENTER_SESSION_TIMEOUT": "0"})


def test_all_wrong_values_are_told_at_once() -> None:
    with pytest.raises(UsageError) as told:
        Settings.from_environment({"SEGMENTER_START": "x"}, utc_offset="y")
    assert len(str(told.value).splitlines()) == 2
    assert "--utc-offset: " in str(told.value)


def test_a_flag_that_does_not_exist_is_told_with_the_nearest_that_does() -> None:
    with pytest.raises(UsageError, match=r"no setting --partition\. Did you mean --partitions\?"):
        Settings.from_environment({}, partition="4")


def test_a_variable_that_is_no_setting_is_told_with_the_nearest_that_is() -> None:
    environment = {"SEGMENTER_KAFKA": "a:1", "SEGMENTER_KAFA": "b:2", "SEGMENTER_XYZ": "", "KAFKA": ""}
    assert Settings.unknown_variables(environment) == [
        "SEGMENTER_KAFA is no setting; did you mean SEGMENTER_KAFKA?",
        "SEGMENTER_XYZ is no setting",
    ]


def test_topics_take_the_prefix_unless_named_alone() -> None:
    environment = {"SEGMENTER_TOPIC_PREFIX": "eu-", "SEGMENTER_TOPIC_DEAD_LETTERS": "rejected"}
    settings = Settings.from_environment(environment)
    assert [settings.topic(topic.name) for topic in TOPICS] == [
        "eu-product-events",
        "eu-billing-updates",
        "eu-rerouted-events",
        "eu-profile-commands",
        "eu-segment-changes",
        "eu-segment-memberships",
        "rejected",
        "eu-delivery-commands",
        "eu-deliveries",
        "eu-segment-messages",
    ]


def test_every_topic_can_be_named_by_a_setting() -> None:
    names = {name for name in Settings.names() if name.startswith("topic_") and name != "topic_prefix"}
    assert {topic.setting for topic in TOPICS} == names


def test_no_secret_is_shown_anywhere() -> None:
    environment = {f"SEGMENTER_{name.upper()}": f"hush-{name}" for name in SECRETS} | {
        "SEGMENTER_REDIS": "rediss://user:hush-1@host:1/0",
        "SEGMENTER_REDIS_CLUSTER": "redis://:hush-2@host:1",
    }
    settings = Settings.from_environment(environment)
    shown = repr(settings) + str(settings.rows())
    assert "hush" not in shown
    assert "rediss://user:***@host:1/0" in shown


@pytest.mark.parametrize("name", SECRETS)
def test_a_file_of_a_secret_is_read_each_time_it_is_needed(name: str, tmp_path: Path) -> None:
    file, variable = tmp_path / "secret", f"SEGMENTER_{name.upper()}_FILE"
    settings = Settings.from_environment({variable: str(file)})
    with pytest.raises(UsageError, match=f"{variable}: No such file"):
        settings.secret(name)
    file.write_text("first\n")
    assert settings.secret(name) == "first"
    file.write_text("second\n")
    assert settings.secret(name) == "second"


@pytest.mark.parametrize("name", ["TIMEZONE", "UTC_OFFSET"])
def test_an_offset_is_one_calendar_by_its_new_name_and_by_its_old(name: str) -> None:
    assert Settings.from_environment({f"SEGMENTER_{name}": "-08:00"}).calendar.name == "-08:00"


def test_a_time_zone_with_two_names_is_refused_but_where_a_flag_goes_first() -> None:
    said = {"SEGMENTER_UTC_OFFSET": "-08:00"}
    with pytest.raises(UsageError, match="SEGMENTER_UTC_OFFSET is the old name of SEGMENTER_TIMEZONE: leave it out"):
        Settings.from_environment({**said, "SEGMENTER_TIMEZONE": "Europe/Berlin"})
    assert Settings.from_environment(said, timezone="Europe/Berlin").calendar.name == "Europe/Berlin"


def test_a_process_of_ours_is_given_what_a_flag_says_a_password_as_it_is_and_no_page_shows_it() -> None:
    settings = Settings.from_environment({}, kafka_password="secret", currency_rates="EUR=1.08", timezone="Asia/Tokyo")
    given = settings.environment_of(["kafka_password", "currency_rates", "timezone", "kafka_username"])
    assert {name: given.get(f"SEGMENTER_{name}") for name in ("KAFKA_PASSWORD", "TIMEZONE", "KAFKA_USERNAME")} == {
        "KAFKA_PASSWORD": "secret",
        "TIMEZONE": "Asia/Tokyo",
        "KAFKA_USERNAME": None,
    }
    assert Settings.from_environment(given).currency_rates == settings.currency_rates
    assert settings.shown("kafka_password") == "***"
