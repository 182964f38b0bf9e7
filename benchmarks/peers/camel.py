"""Apache Camel, by configuration alone: HTTP to Kafka, all acknowledged, idempotent, gathered for 5 ms, lz4. No signature, no encryption.

python -m benchmarks.peers.camel PORT FOLDER, where there are a `java` (17 or later) and `mvn`, which fetches the jars, once.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.local.artifacts import default_cache_dir
from infra.settings import load

TOPIC = "peer.camel"
PATH = "/intake"
HEAP = "512m"
_PROJECT = Path(__file__).with_name("camel.pom.xml")
_ROUTE = """\
- route:
    id: intake
    from:
      uri: "netty-http:http://127.0.0.1:{port}{path}"
      parameters: {{httpMethodRestrict: POST}}
      steps:
        - convertBodyTo: {{type: "byte[]"}}
        - setHeader: {{name: kafka.KEY, constant: "lead-00000000"}}
        - removeHeaders: {{pattern: "*", excludePattern: "kafka.KEY"}}
        - to:
            uri: "kafka:{topic}"
            parameters:
              brokers: "{bootstrap}"
              requestRequiredAcks: all
              enableIdempotence: true
              lingerMs: 5
              compressionCodec: lz4
              valueSerializer: org.apache.kafka.common.serialization.ByteArraySerializer
        - removeHeaders: {{pattern: "*"}}
        - setBody: {{constant: '{{"ok":true}}'}}
"""


def jars() -> Path | None:
    """The folder of its jars; None where it can't run."""
    if shutil.which("java") is None or shutil.which("mvn") is None:
        return None
    folder = default_cache_dir() / "peers" / "camel"
    if not (folder / ".done").exists():
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
        fetched = subprocess.run(["mvn", "-q", "-B", "-f", str(_PROJECT), *goal], check=False, stdout=subprocess.DEVNULL)
        if fetched.returncode:
            return None
        (folder / ".done").touch()
    return folder


def main(port: str, folder: Path) -> None:
    """Becomes the Java process. Its configuration goes to the folder."""
    kafka, found = load().kafka, jars()
    route = _ROUTE.format(port=port, path=PATH, topic=kafka.prefix + TOPIC, bootstrap=kafka.bootstrap)
    (folder / "route.yaml").write_text(route, encoding="utf-8")
    settings = f"camel.main.routes-include-pattern=file:{folder}/route.yaml\ncamel.main.name=peer\n"
    (folder / "application.properties").write_text(settings, encoding="utf-8")
    options = [f"-Xms{HEAP}", f"-Xmx{HEAP}", "-cp", f"{folder}:{found}/*"]
    os.execvp("java", ["java", *options, "org.apache.camel.main.Main"])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
