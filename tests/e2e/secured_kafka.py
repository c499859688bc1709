"""Apache Kafka with a second door: TLS, and a user with a password.

Comes in: a JDK, whose `keytool` makes the certificate. Goes out: `secured_address`, and the file `authority` that
vouches for it. At `address` it is as open as ever.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from streams.embedded.server import HOST, free_port
from tests.e2e.apache_kafka import ApacheKafka, run

USER: Final = "ann"
PASSWORD: Final = "p@ss:/#word"
STORE_PASSWORD: Final = "certificate"

PROPERTIES: Final = """\
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=\\
org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\\
org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PKCS12
ssl.keystore.location={store}
ssl.keystore.password={store_password}
"""


class SecuredKafka(ApacheKafka):
    """PLAIN and SCRAM-SHA-512 over TLS."""

    def __init__(self) -> None:
        super().__init__()
        self._secured_port = free_port()

    @property
    def secured_address(self) -> str:
        return f"{HOST}:{self._secured_port}"

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    def listener(self) -> str:
        return f",SASL_SSL://{self.secured_address}"

    def at_first(self) -> Sequence[str]:
        return ("--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]")

    def properties(self) -> str:
        said = PROPERTIES.format(user=USER, password=PASSWORD, store=self._certificate(), store_password=STORE_PASSWORD)
        return super().properties() + said

    def _certificate(self) -> Path:
        """The certificate with its key, for the broker; alone, for whoever is to trust it."""
        store, keytool = self.folder / "certificate.p12", shutil.which("keytool")
        assert keytool is not None, "a part of the JDK"
        common = ("-keystore", str(store), "-storepass", STORE_PASSWORD, "-alias", "kafka")
        if not store.exists():
            said = ("-dname", f"CN={HOST}", "-ext", f"san=ip:{HOST}", "-validity", "2", "-storetype", "PKCS12")
            run(keytool, "-genkeypair", "-keyalg", "RSA", *said, *common)
            run(keytool, "-exportcert", "-rfc", "-file", str(self.authority), *common)
        return store
