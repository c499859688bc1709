"""Flags made from the settings, so that what can be set in the environment can be said on the command line too.

Comes in: the names of the settings that a command uses. Goes out: a decorator; the command is called with the
finished `settings` in their place.
"""

import typing
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import click

from streams.settings import PREFIX, Settings
from streams.topics import TOPICS

Command = Callable[..., Any]

KAFKA: Final = tuple(name for name in Settings.names() if name.startswith("kafka"))
TOPIC_NAMES: Final = tuple(name for name in Settings.names() if name.startswith("topic_"))
NEW_TOPICS: Final = ("partitions", "replication")
REDIS: Final = ("redis", "redis_cluster")

HELP: Final = {
    "kafka": "Kafka brokers, separated by commas.",
    "kafka_security_protocol": "How to speak to Kafka.",
    "kafka_sasl_mechanism": "How to log in to Kafka.",
    "kafka_username": "Who logs in to Kafka.",
    "kafka_password": "Better set in the environment, or in a file.",
    "kafka_password_file": "A file that holds the password.",
    "kafka_ca_file": "The authorities to trust, as PEM.",
    "redis": "Redis, as redis:// or rediss:// with user and password; ?ssl_ca_certs=FILE: whom to trust.",
    "redis_cluster": "A Redis Cluster instead, by the URL of one of its nodes.",
    "rules": "The folder of rule files.",
    "group": "Whose state it is: Faust's app id, the consumer group, the prefix of Redis keys.",
    "topic_prefix": "Put before the name of every topic.",
    **{topic.setting: f"The topic of {topic.of}." for topic in TOPICS},
    "partitions": "Of topics that are created.",
    "replication": "Of topics that are created; the broker's default where left out.",
    "create_topics": "Create the topics that are missing.",
    "start": "Where to begin when nothing is stored: earliest, latest or a time.",
    "session_timeout": "How long a worker may be silent before another takes over.",
    "partitioner": "How the producers choose partitions.",
    "utc_offset": "Where days begin, such as -08:00.",
    "currency": "The currency to report MRR and amounts in; unset, they count as they are stated.",
    "currency_rates": "What one unit of each other currency is worth in it, such as EUR=1.08,JPY=0.0067.",
    "passive_events": "Events that are not the user's own doing, separated by commas.",
    "not_users": "User ids that name nobody, in any case, separated by commas.",
    "earliest": "Events of before this time are dead letters.",
    "stripe_livemode": "Which events of Stripe count: those of live mode, of test mode (false), or any.",
    "stripe_accounts": "Connected Stripe accounts whose events count, by their ids, or any.",
    "private_traits": "Traits that are shown as ***, separated by commas.",
    "live_within": "How old a change may be when it is noticed and still be live.",
    "accept_partial_history": "Rebuild lost state from topics that no longer reach back to the beginning.",
}


def settings_flags(*names: str) -> Callable[[Command], Command]:
    """Give a command one flag a setting; it gets `settings` instead of them."""
    defaults = {variable: shown for variable, shown, _ in Settings().rows()}

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_settings(**values: Any) -> Any:
            flags = {name: values.pop(name) for name in names}
            return command(settings=Settings.current(**flags), **values)

        decorated: Command = with_settings
        for name in reversed(names):
            variable = PREFIX + name.upper()
            decorated = _flag(name, f"{HELP[name]} [{variable}; {defaults[variable] or 'not set'}]")(decorated)
        return decorated

    return decorate


def _flag(name: str, text: str) -> Callable[[Command], Command]:
    flag = "--" + name.replace("_", "-")
    annotation = Settings.model_fields[name].annotation
    if annotation is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", default=None, help=text)
    choices = [choice for choice in typing.get_args(annotation) if isinstance(choice, str)]
    metavar = "[" + "|".join(choices) + "]" if len(choices) > 1 else "VALUE"
    return click.option(flag, metavar=metavar, help=text)
