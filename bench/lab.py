"""Hosts in a network of their own: namespaces on a bridge, of which nothing is left when the program ends.

The program itself moves into new namespaces for network, mounts and processes (`enter`). Whatever it makes there,
bridge, hosts, tmpfs and processes, is seen by nobody else and ends with it, also when it is killed.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from common import CORAL, fail

NEW_MOUNTS, NEW_PIDS, NEW_NETWORK = 0x00020000, 0x20000000, 0x40000000
DEATH_SIGNAL = 1
NETWORK = "10.231.77."
LIBFAKETIME = ("/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")


class CannotRun(Exception):
    """Why this machine has no namespaces for us."""


def run(*command, check=True):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
    if check and done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stdout.strip()}")
    return done.stdout


def enter():
    """Returns in a child that is in namespaces of its own; the parent waits for it and exits as it does."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_MOUNTS | NEW_PIDS | NEW_NETWORK):
        raise CannotRun(f"no new namespaces: {os.strerror(ctypes.get_errno())}")
    child = os.fork()
    if child:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, _: os.kill(child, number))
        while True:
            try:
                status = os.waitpid(child, 0)[1]
                break
            except InterruptedError:
                pass
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    # The first process of its namespace: when it is gone, so are all others.
    libc.prctl(DEATH_SIGNAL, signal.SIGKILL)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        run("mount", "--make-rprivate", "/")
        run("mount", "-t", "proc", "proc", "/proc")
        os.makedirs("/run/netns", exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "switch", "type", "bridge")
        run("ip", "address", "add", NETWORK + "254/24", "dev", "switch")
        run("ip", "link", "set", "switch", "up")
    except OSError as e:
        raise CannotRun(str(e)) from None


def faketime_library():
    for path in LIBFAKETIME:
        path = path.format(os.uname().machine)
        if os.path.exists(path):
            return path
    return None


def tmpfs(directory, megabytes):
    os.makedirs(directory, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", directory)
    return directory


class Host:
    """A network namespace with one address on the switch. Links to it are cut where packets come in."""

    count = 0

    def __init__(self, name):
        Host.count += 1
        self.name, self.address = name, f"{NETWORK}{Host.count}"
        self.port = f"to-{name}"
        self._cuts, self._is_slow = {}, 0
        run("ip", "netns", "add", name)
        run("ip", "link", "add", self.port, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", self.port, "master", "switch", "up")
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "address", "add", self.address + "/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.run("nft", "add table inet chaos { set cut { type ipv4_addr; }; chain in "
                        "{ type filter hook input priority 0; ip saddr @cut drop; }; }")

    def inside(self):
        return ["nsenter", f"--net=/run/netns/{self.name}"]

    def run(self, *command):
        return run(*self.inside(), *command)

    def cut_from(self, other):
        """What another host sends is dropped; faults may overlap."""
        self._cuts[other.name] = self._cuts.get(other.name, 0) + 1
        if self._cuts[other.name] == 1:
            self.run("nft", f"add element inet chaos cut {{ {other.address} }}")

    def heal_from(self, other):
        self._cuts[other.name] -= 1
        if not self._cuts[other.name]:
            self.run("nft", f"delete element inet chaos cut {{ {other.address} }}")

    def slow_down(self, kilobits):
        """Both directions; netem is missing on some kernels, a bucket of tokens is not."""
        self._is_slow += 1
        if self._is_slow == 1:
            bucket = ("root", "tbf", "rate", f"{kilobits}kbit", "burst", "16kb", "latency", "500ms")
            self.run("tc", "qdisc", "add", "dev", "eth0", *bucket)
            run("tc", "qdisc", "add", "dev", self.port, *bucket)

    def speed_up(self):
        self._is_slow -= 1
        if not self._is_slow:
            self.run("tc", "qdisc", "del", "dev", "eth0", "root")
            run("tc", "qdisc", "del", "dev", self.port, "root")


class Process:
    """`./coral ARGUMENTS` on a host. Its data stay when it is killed and started again."""

    def __init__(self, name, host, port, arguments, data, log, clock=None):
        self.name, self.host, self.port, self.arguments = name, host, port, arguments
        self.data, self.log, self.process = data, log, None
        self.is_meant_to_run, self.clock = False, clock
        # A source that changes meanwhile must not make another jar.
        self.environment = dict(os.environ, CORAL_AS_BUILT="1")
        if clock:
            self.set_clock("+0")
            self.environment.update(
                CORAL_PRELOAD=faketime_library(), FAKETIME_TIMESTAMP_FILE=clock, FAKETIME_CACHE_DURATION="1",
                FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1", FAKETIME_DONT_RESET="1")

    def start(self):
        with open(self.log, "ab") as log:
            log.write(f"--- started at {time.strftime('%H:%M:%S')}\n".encode())
            log.flush()
            self.process = subprocess.Popen(
                [*self.host.inside(), CORAL, *self.arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=self.environment, cwd=self.data)
        self.is_meant_to_run = True

    def kill(self):
        self.is_meant_to_run = False
        self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def set_clock(self, offset):
        """Such as +3600, of which other threads never see half."""
        with open(self.clock + ".new", "w") as f:
            f.write(offset + "\n")
        os.replace(self.clock + ".new", self.clock)

    def has_died(self):
        return self.is_meant_to_run and self.process.poll() is not None

    def url(self, path):
        return f"http://{self.host.address}:{self.port}{path}"

    def is_healthy(self):
        try:
            with urllib.request.urlopen(self.url("/healthz"), timeout=1):
                return True
        except OSError:
            return False

    def wait_until_healthy(self, seconds):
        end = time.monotonic() + seconds
        while not self.is_healthy():
            if self.has_died() or time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def resident_mb(self):
        try:
            with open(f"/proc/{self.process.pid}/status") as f:
                return next((int(line.split()[1]) // 1024 for line in f if line.startswith("VmRSS:")), 0)
        except OSError:
            return 0
