"""The back ends that Coral is measured beside: fetched or built once into a cache directory. Standard library only."""

import os
import shutil
import subprocess
import tempfile
import time

from common import HOME, fail, free_port, get, say, start, stop

CACHE = os.environ.get("CORAL_BENCH_DIR", os.path.join(tempfile.gettempdir(), "coral-bench"))
COLLECTOR, ZIPKIN = "0.155.0", "3.6.1"

COLLECTOR_CONFIG = """
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpc}", max_recv_msg_size_mib: 32}}
exporters:
  prometheus: {{endpoint: "127.0.0.1:{figures}"}}
connectors:
  spanmetrics: {{metrics_flush_interval: 15s, dimensions: [{{name: http.route}}, {{name: http.response.status_code}}]}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [spanmetrics]}}
    metrics: {{receivers: [spanmetrics], exporters: [prometheus]}}
  telemetry:
    logs: {{level: warn}}
    metrics:
      level: normal
      readers:
        - pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {own}}}}}}}
"""


class Missing(Exception):
    """A peer cannot be had here."""


def _run(what, command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise Missing(f"{what}: {(done.stderr or done.stdout).strip()[-300:]}")


def _collector():
    binary = os.path.join(CACHE, "bin", f"otelcol-{COLLECTOR}")
    if os.path.exists(binary):
        return binary
    if not shutil.which("go"):
        raise Missing("otelcol: no go on the PATH to build it with (./coral test installs one)")
    say(f"building the Collector {COLLECTOR} into {CACHE}, once; minutes")
    # One package at a time: a build beside something else should not take the machine.
    environment = dict(os.environ, GOBIN=os.path.join(CACHE, "bin"), GOFLAGS="-p=1 -buildvcs=false")
    build = os.path.join(CACHE, "otelcol")
    os.makedirs(build, exist_ok=True)
    _run("otelcol's builder", ["nice", "go", "install", f"go.opentelemetry.io/collector/cmd/builder@v{COLLECTOR}"],
         env=environment, cwd=build)
    _run("otelcol", ["nice", os.path.join(CACHE, "bin", "builder"), "--config",
                     os.path.join(HOME, "bench", "otelcol-builder.yaml")], env=environment, cwd=build)
    os.rename(os.path.join(build, "otelcol"), binary)
    return binary


def _zipkin():
    jar = os.path.join(CACHE, "bin", f"zipkin-server-{ZIPKIN}-exec.jar")
    if os.path.exists(jar):
        return jar
    if not shutil.which("mvn"):
        raise Missing("Zipkin: no mvn on the PATH to fetch it with (./coral build installs one)")
    say(f"fetching Zipkin {ZIPKIN} into {CACHE}, once")
    os.makedirs(os.path.dirname(jar), exist_ok=True)
    _run("Zipkin", ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact=io.zipkin:zipkin-server:{ZIPKIN}:jar:exec",
                    f"-DoutputDirectory={os.path.dirname(jar)}"], cwd=CACHE)
    return jar


class _Peer:
    def __init__(self, data, ready, command, **options):
        with open(os.path.join(data, f"{self.name}.log"), "ab") as log:
            self.process = start(command, stdout=log, stderr=log, **options)
        self.pid = self.process.pid
        end = time.monotonic() + 120
        while True:
            try:
                get(ready[0], ready[1], 1)
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    with open(log.name) as f:
                        fail(f"{self.name} does not get ready", f.read()[-600:], "see above")
                time.sleep(0.05)

    def stop(self):
        stop(self.process)


class Collector(_Peer):
    """RED figures from spans; nothing is stored."""

    name = "otelcol"

    def __init__(self, data, java):
        binary, grpc, own, figures = _collector(), free_port(), free_port(), free_port()
        config = os.path.join(data, "otelcol.yaml")
        with open(config, "w") as f:
            f.write(COLLECTOR_CONFIG.format(grpc=grpc, own=own, figures=figures))
        self.load = ["--address", f"127.0.0.1:{grpc}"]
        super().__init__(data, (own, "/metrics"), [binary, "--config", f"file:{config}"])


class Zipkin(_Peer):
    """The last 500,000 spans in memory."""

    name = "zipkin"

    def __init__(self, data, java):
        jar, port = _zipkin(), free_port()
        self.load = ["--address", f"127.0.0.1:{port}", "--format", "zipkin"]
        environment = dict(
            os.environ, QUERY_PORT=str(port), SERVER_ADDRESS="127.0.0.1", COLLECTOR_GRPC_ENABLED="true",
            MEM_MAX_SPANS="500000", SELF_TRACING_ENABLED="false")
        super().__init__(data, (port, "/health"), [java, "-Xmx4g", "-jar", jar], env=environment)
