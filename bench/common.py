"""What the benches share: nginx, the agent, waiting, and saying what is missing. Standard library only."""

import atexit
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORAL = os.environ.get("CORAL", os.path.join(HOME, "coral"))
SERVER_CPU, OTHER_CPU = 0, 1

_started = []


def fail(what, why, then):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {what}\n  why:  {why}\n  next: {then}")


def require(*tools, root=False):
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        fail("cannot measure", f"not installed: {' '.join(missing)}", f"apt-get install -y {' '.join(missing)}")
    if root and os.geteuid():
        fail("cannot measure", "loading BPF programs takes root", "run it as root")
    jar = os.path.join(os.path.dirname(CORAL), "target", "coral.jar")
    if not os.path.exists(jar):
        fail("cannot measure", "target/coral.jar is not built", "./coral build")
    if len(os.sched_getaffinity(0)) < 2:
        fail("cannot measure", "one CPU: server and load would share it", "use a machine with two or more")


def say(text):
    print(f"# {text}", flush=True)


def result(name, value, digits=3):
    print(f"{name}={value if isinstance(value, int) else format(value, f'.{digits}f')}", flush=True)


def start(command, cpu=None, cgroup=None, **options):
    def settle():
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        if cgroup:
            cgroup.enter()

    process = subprocess.Popen(command, preexec_fn=settle, **options)
    _started.append(process)
    return process


def stop(process, seconds=20):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _stop_all():
    for process in reversed(_started):
        stop(process)


atexit.register(_stop_all)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def scratch():
    directory = tempfile.mkdtemp(prefix="coral-bench-")
    atexit.register(shutil.rmtree, directory, True)
    os.chmod(directory, 0o755)
    return directory


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def reserved_port():
    """A free port that no outgoing connection is given: one that is tried while nobody listens could meet itself."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        first = int(f.read().split()[0])
    while True:
        port = random.randrange(first - 12000, first)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def wait_for_port(port, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    fail("nothing answers", f"port {port} after {seconds} s", "look at what was started above")


def get(port, path, seconds=5):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=seconds) as answer:
            return answer.read()
    except urllib.error.HTTPError as refusal:
        raise OSError(f"{path}: {refusal.code} {refusal.read(300).decode(errors='replace').strip()}") from None


def healthy(port):
    try:
        get(port, "/healthz", 1)
        return True
    except OSError:
        return False


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(child) for child in f.read().split()]


def cpu_ns(pid):
    """CPU time of a single-threaded process, exact."""
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0])


def process_cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0


class MemoryCgroup:
    """A group of processes that may use so much memory, of version 1 or 2, whichever has the controller here."""

    def __init__(self, limit_bytes):
        v1, v2 = "/sys/fs/cgroup/memory", "/sys/fs/cgroup"
        self.is_v2 = os.path.exists(f"{v2}/cgroup.controllers")
        if not self.is_v2 and not os.path.isdir(v1):
            fail("cannot measure", "no memory controller below /sys/fs/cgroup", "mount cgroup2 there")
        self.path = f"{v2 if self.is_v2 else v1}/coral-bench-{os.getpid()}"
        if self.is_v2:
            with open(f"{v2}/cgroup.subtree_control", "w") as f:
                f.write("+memory")
        os.mkdir(self.path)
        atexit.register(self._remove)
        self._write("memory.max" if self.is_v2 else "memory.limit_in_bytes", limit_bytes)
        # Without swap: what does not fit is killed, not slow.
        self._write("memory.swap.max" if self.is_v2 else "memory.swappiness", 0)

    def _write(self, name, value):
        with open(os.path.join(self.path, name), "w") as f:
            f.write(str(value))

    def _read(self, name):
        with open(os.path.join(self.path, name)) as f:
            return f.read()

    def enter(self):
        self._write("cgroup.procs", os.getpid())

    def peak_mb(self):
        return int(self._read("memory.peak" if self.is_v2 else "memory.max_usage_in_bytes")) / 2**20

    def kills(self):
        text = self._read("memory.events" if self.is_v2 else "memory.oom_control")
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("oom_kill "))

    def _remove(self):
        _stop_all()
        os.rmdir(self.path)


class Nginx:
    """One worker on its own CPU. Answers 200 at `port`; `status_port` tells how many requests it served."""

    def __init__(self):
        directory = scratch()
        self.port, self.status_port = free_port(), free_port()
        temporary = " ".join(
            f"{kind}_temp_path {directory}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        with open(f"{directory}/nginx.conf", "w") as f:
            f.write(
                f"daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/error.log;\n"
                "events { worker_connections 2048; }\n"
                f"http {{ access_log off; keepalive_requests 1000000000; {temporary}\n"
                f'server {{ listen 127.0.0.1:{self.port} backlog=2048; location / {{ return 200 "ok\\n"; }} }}\n'
                f"server {{ listen 127.0.0.1:{self.status_port}; location / {{ stub_status; }} }} }}\n"
            )
        self.process = start(
            ["nginx", "-c", f"{directory}/nginx.conf"], SERVER_CPU, stderr=subprocess.DEVNULL
        )
        wait_for_port(self.status_port)
        # The master listens before it has a worker.
        end = time.monotonic() + 10
        while not children(self.process.pid) and time.monotonic() < end:
            time.sleep(0.01)
        self.worker = children(self.process.pid)[0]
        self._status = None

    def snapshot(self):
        """(CPU ns of the worker, requests served, time)."""
        if not self._status:
            self._status = socket.create_connection(("127.0.0.1", self.status_port))
        self._status.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        text = b""
        while b"Reading:" not in text:
            more = self._status.recv(4096)
            if not more:
                fail("nginx ended", "its status connection closed", "look at its error log")
            text += more
        requests = int(text.split(b"requests\n")[1].split()[2])
        return cpu_ns(self.worker), requests, time.monotonic()

    def let_go(self):
        """Ends the status connection: the worker serves it as well, so its last exchange stays open with it."""
        if self._status:
            self._status.close()
        self._status = None

    def measure(self, seconds):
        """(CPU us per request, requests per second, requests)."""
        a = self.snapshot()
        time.sleep(seconds)
        b = self.snapshot()
        requests = max(1, b[1] - a[1] - 1)  # the snapshot's own
        return (b[0] - a[0]) / 1000 / requests, requests / (b[2] - a[2]), requests


def wrk(port, connections=16):
    """Closed-loop load until it is stopped."""
    return start(
        ["wrk", "-t1", f"-c{connections}", "-d3600", f"http://127.0.0.1:{port}/"],
        OTHER_CPU,
        stdout=subprocess.DEVNULL,
    )


class Role:
    """`./coral ARGUMENTS` with its own data directory and ports."""

    def __init__(self, arguments, port, data, cpu=None, cgroup=None, config=None, within=120):
        command = [CORAL, *arguments]
        if config:
            command += ["--config", config]
        self.port = port
        self.log = os.path.join(data, "output")
        began = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = start(command, cpu, cgroup, stdout=log, stderr=log)
        while not healthy(port):
            if self.process.poll() is not None or time.monotonic() - began > within:
                self.process.kill()
                with open(self.log) as f:
                    fail(f"{' '.join(arguments[:2])} does not get ready", f.read()[-600:], "see above")
            time.sleep(0.01)
        self.ready_seconds = time.monotonic() - began
        self.pid = self.process.pid

    def stop(self):
        stop(self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def call(self, method, **fields):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/coral.agent.v1.AgentService/{method}",
            json.dumps(fields).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def metrics(self):
        values = {}
        for line in get(self.port, "/metrics").decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values


def agent(data, cpu=None):
    """An agent without a colony that observes nothing yet."""
    config = os.path.join(data, "agent.yaml")
    with open(config, "w") as f:
        f.write('agent:\n  colony: ""\n')
    port = free_port()
    return Role(
        ["agent", "start", "--data", data, "--agent-port", str(port)]
        + ["--otlp-grpc", str(free_port()), "--otlp-http", str(free_port())],
        port, data, cpu, config=config,
    )


class SpanAgent(Role):
    """An agent without a colony that keeps every span it is sent; its OTLP ports stay the same over restarts."""

    def __init__(self, data, grpc_port=None, http_port=None, port=None, within=120, cgroup=None):
        config = os.path.join(data, "agent.yaml")
        with open(config, "w") as f:
            f.write('agent:\n  colony: ""\n'
                    'telemetry:\n  storage_retention_hours: 2\n  filters:\n    sample_rate: 1.0\n')
        self.grpc_port, self.http_port = grpc_port or free_port(), http_port or free_port()
        port = port or free_port()
        super().__init__(
            ["agent", "start", "--data", data, "--agent-port", str(port)]
            + ["--otlp-grpc", str(self.grpc_port), "--otlp-http", str(self.http_port)],
            port, data, cgroup=cgroup, config=config, within=within,
        )
        wait_for_port(self.grpc_port)
        self.java = os.path.realpath(f"/proc/{self.pid}/exe")
        self.database = os.path.join(data, "agent", "metrics.duckdb")


def spans(*options, start_only=False):
    """Runs the generator: what it says, or its process."""
    command = [os.path.join(HOME, "bench", "otlp-load"), *map(str, options)]
    if start_only:
        return start(command, stdout=subprocess.PIPE, text=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=90)
    try:
        return json.loads(done.stdout)
    except ValueError:
        fail("the load did not run", done.stdout[-400:] or f"exit code {done.returncode}", "see above")


def sql(java, database, *statements):
    """Rows of a database that nobody has open, as lists of texts; an OSError if it cannot be read."""
    done = subprocess.run(
        [java, "--enable-native-access=ALL-UNNAMED", "-Xmx512m",
         f"-Djava.library.path={os.path.join(HOME, 'target', 'native')}",
         "-cp", os.path.join(os.path.dirname(CORAL), "target", "coral.jar"),
         os.path.join(HOME, "bench", "Sql.java"), database, *statements],
        capture_output=True, text=True)
    if done.returncode:
        raise OSError(done.stderr.strip()[-600:])
    return [line.split("\t") for line in done.stdout.splitlines()]


_CSV = ("columns = {'trace_id': 'VARCHAR', 'spans': 'INT', 'batch': 'BIGINT'}, filename = true, header = false, "
      "auto_detect = false, delim = ','")


def found(java, database, files):
    """(lost, duplicates, torn batches, strangers, stored): a database against what the loads wrote down in a directory
    as acked-N.csv and unanswered-N.csv."""
    return [int(value) for value in sql(
        java, database,
        f"""CREATE TEMP TABLE sent AS
            SELECT trace_id, spans, batch, regexp_extract(filename, '-([0-9]+)[.]csv$', 1) AS load,
                   contains(filename, '/acked-') AS is_acked
            FROM read_csv(['{files}/acked-*.csv', '{files}/unanswered-*.csv'], {_CSV})""",
        """CREATE TEMP TABLE stored AS
           SELECT replace(trace_id::VARCHAR, '-', '') AS trace_id, count(*) AS rows, count(DISTINCT span_id) AS spans
           FROM spans_rows GROUP BY 1""",
        """SELECT
             (SELECT coalesce(sum(sent.spans - coalesce(stored.spans, 0)), 0) FROM sent LEFT JOIN stored
              USING (trace_id) WHERE is_acked),
             (SELECT coalesce(sum(rows - spans), 0) FROM stored),
             (SELECT count(*) FROM (
                SELECT sum(sent.spans) AS whole, sum(coalesce(stored.spans, 0)) AS there
                FROM sent LEFT JOIN stored USING (trace_id) GROUP BY load, batch)
              WHERE there NOT IN (0, whole)),
             (SELECT count(*) FROM stored ANTI JOIN sent USING (trace_id)),
             (SELECT coalesce(sum(rows), 0) FROM stored)""")[0]]


median = statistics.median


def quartiles(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 4], ordered[(3 * len(ordered)) // 4]
