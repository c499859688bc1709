"""docker-compose.yml and the Dockerfile say what the code, the pages and the other tests say."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from streams.settings import Settings
from streams.web.app import WebApp
from streams.web.parts import PARTS, parts_called
from tests.e2e.apache_kafka import VERSION as KAFKA_VERSION
from tests.pages import parsed

ROOT: Final = Path(__file__).parents[1]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: Final[dict[str, Any]] = COMPOSE["services"]
OURS: Final = ("worker", "web", "deliver")
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()


def test_docker_compose_accepts_the_file() -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], check=False).returncode:
        pytest.skip("docker compose is not on this machine")
    for profile in ((), ("--profile", "*")):
        compose = ["docker", "compose", "--file", ROOT / "docker-compose.yml", *profile]
        subprocess.run([*compose, "config", "--quiet"], check=True)


@pytest.mark.parametrize("service", OURS)
def test_every_setting_is_one_that_we_know_and_accept(service: str) -> None:
    environment = settings_of(service)
    known = {variable for variable, _, _ in Settings().rows()}
    assert environment.keys() <= known
    settings = Settings.from_environment(environment)
    assert settings.kafka == "kafka:19092"
    assert settings.create_topics


def settings_of(service: str) -> dict[str, str]:
    return {name: with_defaults(value) for name, value in SERVICES[service]["environment"].items()}


@pytest.mark.parametrize("service", OURS)
def test_what_runs_is_a_command_of_ours(service: str) -> None:
    parsed(f"segmenter {' '.join(SERVICES[service]['command'])}")
    assert SERVICES[service]["image"] == SERVICES["worker"]["image"]


def test_the_web_process_is_reached_where_it_listens_and_starts_with_what_it_is_told() -> None:
    settings = Settings.from_environment(settings_of("web"))
    [port] = SERVICES["web"]["ports"]
    assert port.rpartition(":")[2] == str(settings.web.port)
    assert published("web") == f"localhost:{Settings().web.port}"
    _, option, parts = SERVICES["web"]["command"]
    assert option == "--parts"
    named = parts_called(parts.split(","))
    WebApp(settings, named)
    assert named == list(PARTS), "what is left out here nobody finds"
    assert f"localhost:{settings.web.port}/readyz" in SERVICES["web"]["healthcheck"]["test"][-1]


def test_kafka_and_redis_are_published_where_the_commands_look_by_default() -> None:
    defaults = Settings()
    assert published("kafka") == defaults.kafka
    assert f"redis://{published('redis')}/0" == defaults.redis.get_secret_value()
    kafka = with_defaults(SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"])
    assert f"OUTSIDE://{defaults.kafka}" in kafka.split(",")


def published(service: str) -> str:
    """The address at which this machine finds a service."""
    [port] = SERVICES[service]["ports"]
    _, outside, _ = with_defaults(port).split(":")
    return f"localhost:{outside}"


def with_defaults(text: str) -> str:
    """As where no variable is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_a_port_within_the_container_is_one_that_the_broker_listens_at() -> None:
    [port] = SERVICES["kafka"]["ports"]
    assert f"OUTSIDE://:{port.rpartition(':')[2]}" in SERVICES["kafka"]["environment"]["KAFKA_LISTENERS"].split(",")


def test_what_is_ours_starts_only_when_it_is_told_to() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {"kafka", "redis"}
    assert all(SERVICES[name]["profiles"] == [name] for name in OURS)


def test_the_commands_that_the_file_names_are_right() -> None:
    comment = (ROOT / "docker-compose.yml").read_text().split("name:")[0]
    commands = re.findall(r"^#   (.*?)  ", comment, re.MULTILINE)
    assert [command.split()[0] for command in commands] == [
        "docker",
        "segmenter",
        *("docker", "docker", "docker"),
        "segmenter",
        "docker",
    ]
    for line in commands:
        if line.startswith("segmenter"):
            parsed(line)


def test_the_workers_kafka_is_a_listener_of_the_broker() -> None:
    kafka = SERVICES["kafka"]["environment"]
    assert f"INSIDE://{SERVICES['worker']['environment']['SEGMENTER_KAFKA']}" in kafka["KAFKA_ADVERTISED_LISTENERS"]


def test_images_are_pinned() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) == 4
    assert [image for image in images if not re.search(r":\d+\.\d+\.\d+", image)] == []


def test_the_broker_is_the_version_that_the_tests_run_on() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


def test_redis_keeps_its_data_and_evicts_nothing() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert SERVICES["redis"]["volumes"] == ["redis-data:/data"]


def test_two_workers_start_when_kafka_and_redis_answer() -> None:
    worker = SERVICES["worker"]
    assert worker["deploy"]["replicas"] == 2
    assert worker["depends_on"] == {
        "kafka": {"condition": "service_healthy"},
        "redis": {"condition": "service_healthy"},
    }


def test_ports_are_open_to_this_machine_alone_and_can_be_moved() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(re.fullmatch(r"127\.0\.0\.1:\$\{\w+:-\d+\}:\d+", port) for port in ports)


def test_every_volume_that_is_used_is_declared() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {volume for volume in used if not volume.startswith("./")} == COMPOSE["volumes"].keys()


def test_the_image_runs_the_worker_as_somebody_else_than_root() -> None:
    last_stage = DOCKERFILE.split("FROM ")[-1]
    assert re.search(r"^USER (?!root|0)\w+", last_stage, re.MULTILINE)
    assert 'ENTRYPOINT ["segmenter"]' in last_stage
    assert 'CMD ["worker"]' in last_stage


def test_who_scrapes_from_another_container_reaches_who_has_shards() -> None:
    for service in ("worker", "deliver"):
        metrics = Settings.from_environment(SERVICES[service]["environment"]).metrics
        assert metrics is not None
        assert not metrics.is_loopback


def test_who_has_shards_is_well_where_they_move() -> None:
    check = ["python", "-m", "streams.monitoring.check"]
    assert SERVICES["worker"]["healthcheck"]["test"] == SERVICES["deliver"]["healthcheck"]["test"] == ["CMD", *check]
    assert f"CMD {json.dumps(check)}" in DOCKERFILE


def test_the_image_looks_for_compiled_code_as_it_was_compiled() -> None:
    build, last_stage = re.split(r"^FROM .+$", DOCKERFILE, flags=re.MULTILINE)[1:]
    said = [line for line in build.splitlines() if line.startswith("ENV NUMBA_")]
    assert said == [line for line in last_stage.splitlines() if line.startswith("ENV NUMBA_")]
    assert build.index(said[0]) < build.index("segmenter compile")


def test_the_image_builds_the_package_of_all_that_is_in_it() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.rpartition("FROM")[0], re.MULTILINE)
    assert {*wheel["packages"], *wheel["force-include"]} <= {name for names in copied for name in names.split()}


def test_the_image_gets_everything_it_copies() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert {name for names in copied for name in names.split()} == sent
