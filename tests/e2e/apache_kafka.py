"""Apache Kafka itself, one KRaft node from its published jars: what the end-to-end tests run on.

Comes in: a JDK, and Maven once for the jars. Goes out: `address`; `kill` and `start` again keep port and data.
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final
from xml.etree import ElementTree

from streams.embedded.kafka import speaks_kafka
from streams.embedded.server import HOST, Server, free_port

POM: Final = Path(__file__).with_suffix(".pom.xml")
VERSION: Final = ElementTree.parse(POM).findtext(".//{*}dependency/{*}version", default="")
JARS: Final = Path(__file__).parents[2] / ".cache" / "kafka" / VERSION
RUNS_WITHIN_S: Final = 400.0
CLUSTER_ID: Final = "c2VnbWVudGVyLXRlc3RzMA"  # 16 bytes in base64, as the format wants

PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}{more}
advertised.listeners=PLAINTEXT://{host}:{port}{more}
controller.listener.names=CONTROLLER
log.dirs={data}
# One broker.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
# A topic that a test forgot is a fault of the test.
auto.create.topics.enable=false
# It is soon one that serves after it began. The session is the default's, which outlives a machine that stands still.
broker.heartbeat.interval.ms=500
# A group forms at once; the default waits 3 s for more members.
group.initial.rebalance.delay.ms=0
# Events of years ago are not deleted under a test. A topic's own setting still holds.
log.retention.ms=-1
# The default would take 128 MB of the small heap.
log.cleaner.dedupe.buffer.size=16777216
"""


class ApacheKafka(Server):
    """One node, broker and controller, that keeps its data in its folder."""

    name: ClassVar[str] = "kafka"
    start_within_s: ClassVar[float] = 180.0
    # Killed in the middle of it, it would check its logs when it begins anew, and cut off what a test spoilt there.
    stop_within_s: ClassVar[float] = 180.0

    def __init__(self, folder: Path | None = None, port: int | None = None):
        super().__init__(folder, port)
        self._controller_port = free_port()

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def command(self) -> Sequence[str]:
        properties = self.folder / "server.properties"
        properties.write_text(self.properties())
        if not self._data.exists():
            run(*_java("kafka.tools.StorageTool"), "format", "-t", CLUSTER_ID, "-c", str(properties), *self.at_first())
        return (*_java("kafka.Kafka"), str(properties))

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def properties(self) -> str:
        return PROPERTIES.format(
            host=HOST, port=self.port, controller_port=self._controller_port, data=self._data, more=self.listener()
        )

    def listener(self) -> str:
        """One more listener, after a comma."""
        return ""

    def at_first(self) -> Sequence[str]:
        """What else it is told when its storage is made."""
        return ()

    def answers(self) -> bool:
        return speaks_kafka(self.port)


def available() -> bool:
    """Whether this machine can run it."""
    return bool(shutil.which("java") and (JARS.exists() or shutil.which("mvn")))


def _java(main: str) -> tuple[str, ...]:
    java = shutil.which("java")
    assert java is not None, "asked for with available()"
    return (
        java,
        "-Xmx768m",
        "-Dorg.apache.logging.log4j.level=WARN",
        *("-cp", f"{_jars()}/*"),
        main,
    )


def _jars() -> Path:
    """The folder of jars, filled by Maven the first time."""
    if not JARS.exists():
        partial = JARS.with_name(f"{VERSION}.partial")
        run("mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={partial}")
        partial.rename(JARS)
    return JARS


def run(*command: str) -> None:
    """A program that ends by itself, and may have to fetch something first."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=RUNS_WITHIN_S
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout}")
