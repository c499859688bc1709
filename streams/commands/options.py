"""Flags made from the settings, so that what can be set in the environment can be said on the command line too.

Comes in: the names of the settings that a command uses. Goes out: a decorator; the command is called with the
finished `settings` in their place. `printing` makes a flag that is of no setting.
"""

import typing
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final

import click

from streams.settings import PREFIX, Settings
from streams.topics import TOPICS

Command = Callable[..., Any]

KAFKA: Final = tuple(name for name in Settings.names() if name.startswith("kafka"))
TOPIC_NAMES: Final = tuple(name for name in Settings.names() if name.startswith("topic_"))
INPUT_TOPICS: Final = ("topic_prefix", "topic_product_events", "topic_billing_updates")
NEW_TOPICS: Final = ("partitions", "replication")
REDIS: Final = ("redis", "redis_cluster")
DEFAULTS: Final = Settings()

HELP: Final = {
    "kafka": "Kafka brokers, separated by commas.",
    "kafka_security_protocol": "How to speak to Kafka.",
    "kafka_sasl_mechanism": "How to log in to Kafka.",
    "kafka_username": "Who logs in to Kafka.",
    "kafka_password": "Better set in the environment, or in a file.",
    "kafka_password_file": "A file that holds the password.",
    "kafka_ca_file": "The authorities to trust, as PEM.",
    "redis": "Redis; rediss:// is TLS, with ?ssl_ca_certs=FILE for an authority of your own.",
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
    "timezone": "Whose days count, such as Asia/Tokyo.",
    "utc_offset": "The old name of the time zone, for an offset.",
    "currency": "The currency to report MRR and amounts in; unset, they count as they are stated.",
    "currency_rates": "What one unit of each other currency is worth in it, such as EUR=1.08,JPY=0.0067.",
    "passive_events": "Events that are not the user's own doing, separated by commas.",
    "not_users": "User ids that name nobody, in any case, separated by commas.",
    "earliest": "Events of before this time are dead letters.",
    "remembered_ids": "Among how many accepted ids of a user a repeat is known, 16 to 1024; each costs 8 bytes a user.",
    "stripe_livemode": "Which events of Stripe count: those of live mode, of test mode (false), or any.",
    "stripe_accounts": "Connected Stripe accounts whose events count, by their ids, or any.",
    "link_traits": "Traits that hold another id of the user, separated by commas.",
    "keep_unlinked": "How long what comes under an alias waits to be linked to a user.",
    "merge_users": "Whether an alias record may make one of two users, which nothing undoes.",
    "private_traits": "Traits that are shown as ***, separated by commas.",
    "timeline": "How many of a user's newest changes are kept to be shown, 0 to 1000; each takes some 200 bytes.",
    "live_within": "How old a change may be when it is noticed and still be live.",
    "metrics": "Where a worker tells its metrics and its health: an address; off for nowhere.",
    "log": "How a worker logs: a line a person reads, or a JSON object a line.",
    "web": "Where HTTP is served.",
    "web_root_path": "Under which path a proxy has it, such as /segments.",
    "webhook_private": "Private networks that webhooks may go to, by http too; separated by commas.",
    "web_proxies": "Proxies whose X-Forwarded-For and -Proto are believed: addresses, networks, or *.",
    "web_url": "Under which URL clients reach it, such as https://events.example.com; by default as they asked.",
    "web_token": "What who reads the dashboard, the API and our metrics signs in with, where others can reach them.",
    "web_token_file": "A file that holds it.",
    "web_editor_token": "The same of who may change rules, too.",
    "web_editor_token_file": "A file that holds it.",
    "web_user_header": "The header in which a proxy of web_proxies says who is signed in, such as X-Forwarded-User.",
    "web_editors": "Which of those may change rules, separated by commas; * for all.",
    "web_histories": "The folder of histories that a page may backtest rules over; beside what the topics hold.",
    "web_backtests": "The folder in which such backtests are kept for a week; by default beside the compiled engine.",
    "write_keys": "Who may send events: a name and a key each, such as web:KEY,server:KEY.",
    "write_keys_file": "A file that holds them.",
    "write_key_origins": "From which pages a key may be used, such as web:https://app.example.com; any by default.",
    "stripe_secrets": "The signing secrets of Stripe's webhooks (whsec_..), separated by commas.",
    "stripe_secrets_file": "A file that holds them.",
    "collect_event_bytes": "How long an event may be that comes by HTTP.",
    "collect_batch_bytes": "How long a request may be that has several.",
    "collect_batch_events": "How many events a request may have.",
    "collect_per_key": "How many events a second a write key may send; 0 for any number.",
    "collect_per_address": "How many a public address may send; 0 for any number.",
    "feed_key": "What users' tokens are signed with: a secret of 32 bytes, or a public key; better in a file.",
    "feed_key_file": "A file that holds it.",
    "feed_algorithm": "How users' tokens are signed.",
    "feed_origins": "Whose pages may show feeds, such as https://app.example.com, separated by commas.",
    "accept_partial_history": "Rebuild lost state from topics that no longer reach back to the beginning.",
}


def settings_flags(*names: str, rest: Iterable[str] = ()) -> Callable[[Command], Command]:
    """Give a command one flag a setting; it gets `settings` instead of them.

    rest: those that few ever need. They are flags too, but only `--help-all` shows them.
    """
    hidden = [name for name in rest if name not in names]

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_settings(**values: Any) -> Any:
            flags = {name: values.pop(name) for name in (*names, *hidden)}
            return command(settings=Settings.current(**flags), **values)

        decorated: Command = with_settings
        if hidden:
            decorated = click.option("--help-all", **HELP_ALL)(decorated)
        for name in reversed([*names, *hidden]):
            decorated = _flag(name, is_shown=name in names)(decorated)
        return decorated

    return decorate


class SettingOption(click.Option):
    """A flag of a setting. `--help` says what it is by default, `--help-all` also which variable sets it."""

    def __init__(self, *args: Any, is_shown: bool, variable: str, value: str, **rest: Any):
        super().__init__(*args, **rest)
        self._is_shown, self._variable, self._value = is_shown, variable, value

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        shows_all = ctx.meta.get(SHOWS_ALL, False)
        record = super().get_help_record(ctx) if self._is_shown or shows_all else None
        if record is None:
            return None
        flag, text = record
        if shows_all:
            return flag, f"{text} [{self._variable}; {self._value or 'not set'}]"
        return flag, f"{text} [{self._value}]" if self._value else text


def printing(flag: str, text: Callable[[], str], says: str) -> Callable[[Command], Command]:
    """A flag that prints a text and ends, in the place of all that the command does."""

    def print_it(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted:
            click.echo(text(), nl=False)
            ctx.exit()

    return click.option(flag, is_flag=True, is_eager=True, expose_value=False, callback=print_it, help=says)


def _show_all(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        ctx.meta[SHOWS_ALL] = True
        click.echo(ctx.get_help())
        ctx.exit()


SHOWS_ALL: Final = "streams.commands.options.shows_all"
HELP_ALL: Final[dict[str, Any]] = {
    "is_flag": True,
    "is_eager": True,
    "expose_value": False,
    "callback": _show_all,
    "help": "Show all options, and the variables that set them.",
}


def _flag(name: str, is_shown: bool) -> Callable[[Command], Command]:
    flag = "--" + name.replace("_", "-")
    said: dict[str, Any] = {"cls": SettingOption, "help": HELP[name], "is_shown": is_shown}
    said |= {"variable": PREFIX + name.upper(), "value": DEFAULTS.shown(name)}
    annotation = Settings.model_fields[name].annotation
    if annotation is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", default=None, **said)
    choices = [choice for choice in typing.get_args(annotation) if isinstance(choice, str)]
    metavar = "[" + "|".join(choices) + "]" if len(choices) > 1 else "VALUE"
    return click.option(flag, metavar=metavar, **said)
