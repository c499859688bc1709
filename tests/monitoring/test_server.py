"""What the HTTP port answers, asked over HTTP."""

import socket
import urllib.request

import pytest

from streams.errors import UsageError
from streams.monitoring.health import Health, ShardHealth, State
from streams.monitoring.server import listen
from streams.setting_values import HostPort
from tests.monitoring.watched import WAITING, WELL, Watched

LOADING = ShardHealth(1, State.LOADING, {}, still_s=45.0, is_loaded=False)
SLOW = ShardHealth(3, State.BEHIND, {"product-events": 7}, 31.0)


def test_a_worker_whose_shards_move_is_well() -> None:
    status, said = Watched().says("/healthz")
    assert (status, said["status"], said["summary"], said["failing"]) == (200, "ok", "caught up", [])


def test_a_shard_that_does_not_move_is_named_with_the_reason() -> None:
    watched = Watched()
    watched.health = Health([WELL, WAITING, SLOW], has_joined=True)
    status, said = watched.says("/healthz")
    assert status == 503
    assert said["failing"] == ["shard 2: Redis is away", "shard 3: nothing has moved for 31 s"]
    assert said["shards"][1] == {
        "shard": 2,
        "state": "waiting",
        "why": "Redis is away",
        "behind": {"product-events": 7},
        "still_s": 31.0,
    }


def test_a_worker_that_loads_is_well_and_not_ready() -> None:
    watched = Watched()
    watched.health = Health([WELL, LOADING], has_joined=True)
    assert watched.says("/healthz")[0] == 200
    status, said = watched.says("/readyz")
    assert (status, said["status"], said["ready"], said["summary"]) == (503, "not ready", False, "shard 1 loading")
    watched.health = Health([WELL], has_joined=True)
    assert watched.says("/readyz")[0] == 200


def test_a_worker_that_is_ready_and_waits_says_of_each_check_what_it_is_asked_for() -> None:
    watched = Watched()
    watched.health = Health([WAITING], has_joined=True)
    assert [(status, said["status"]) for status, said in map(watched.says, ("/healthz", "/readyz"))] == [
        (503, "failing"),
        (200, "ready"),
    ]


def test_a_worker_whose_group_gives_it_no_shards_is_well_for_as_long_as_balancing_may_take() -> None:
    watched = Watched()
    watched.health = Health(waiting="waits to be given shards", unjoined_s=119.0)
    assert watched.says("/healthz")[0] == 200
    watched.health = watched.health._replace(unjoined_s=131.0)
    status, said = watched.says("/healthz")
    assert (status, said["failing"]) == (503, ["the consumer group has given it no shards for 131 s"])


def test_an_event_loop_that_does_not_move_is_told_by_a_thread_that_does() -> None:
    watched = Watched()
    watched.ago_s = 33.0
    status, said = watched.says("/healthz")
    assert (status, said["failing"]) == (503, ["the event loop has not moved for 33 s"])


def test_metrics_are_in_prometheus_words() -> None:
    status, content_type, body = Watched().answer("/metrics")
    assert (status, content_type.split(";")[0]) == (200, "text/plain")
    assert "segmenter_scrapes_total 1.0" in body


def test_another_path_is_told_which_there_are() -> None:
    assert Watched().answer("/") == (404, "text/plain", "/metrics, /healthz, /readyz\n")


def test_a_check_may_ask_for_the_head_alone() -> None:
    status, _, body = Watched().answer("/healthz", "HEAD")
    assert (status, body) == (200, "")


def test_a_port_that_was_asked_for_and_is_taken_is_an_error_that_says_what_to_do() -> None:
    watched = Watched()
    with watched.served() as first, pytest.raises(UsageError) as told:
        listen(first.address, False, watched.registry, watched.ask)
    assert f"SEGMENTER_METRICS: cannot listen at {first.address}: Address already in use" in str(told.value)
    assert "127.0.0.1:0 for any that is free" in str(told.value)


def test_where_nobody_asked_for_a_port_the_next_one_that_is_free_is_taken() -> None:
    watched = Watched()
    with watched.served() as first, listen(first.address, True, watched.registry, watched.ask) as second:
        assert first.address.port < second.address.port
    with pytest.raises(UsageError, match="cannot listen at 192.0.2.1"):
        listen(HostPort("192.0.2.1", 0), True, watched.registry, watched.ask)


def test_who_hangs_up_leaves_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    watched = Watched()
    with watched.served() as server:
        with socket.create_connection(server.address) as rude:
            rude.sendall(b"GET /metrics HT")
        with urllib.request.urlopen(f"http://{server.address}/healthz") as polite:
            assert polite.status == 200
    assert capsys.readouterr().err == ""


def test_a_fault_of_ours_in_what_is_asked_is_told_to_who_asks_and_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched()

    def fail() -> tuple[Health, float]:
        raise KeyError("what it says may be private")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(watched, "ask", fail)
        assert watched.answer("/healthz")[0] == 500
    assert "monitoring - a fault of segmenter's own, please report this line: KeyError" in caplog.text
    assert "private" not in caplog.text
