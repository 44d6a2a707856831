"""Spans that were sent to agents, which of them were acknowledged when, and what answers say of them."""

import http.client
import json
import threading
import time

SPANS_A_REQUEST = 3
ANSWER_SECONDS = 5


class Ledger:
    """Every span by the second of its start. Its id is the number of its agent and a count."""

    def __init__(self):
        self._lock = threading.Lock()
        self._by_second = {}  # second -> {id: when it was acknowledged, monotonic, or None}
        self.resent = 0

    def sent(self, second, ids):
        with self._lock:
            self._by_second.setdefault(second, {}).update(dict.fromkeys(ids))

    def acknowledged(self, second, ids):
        now = time.monotonic()
        with self._lock:
            self._by_second[second].update(dict.fromkeys(ids, now))

    def between(self, since, until):
        """{id: when it was acknowledged} of the spans that start in these seconds."""
        with self._lock:
            spans = {}
            for second in range(since, until):
                spans.update(self._by_second.get(second, {}))
            return spans

    def seconds(self):
        with self._lock:
            return (min(self._by_second), max(self._by_second) + 1) if self._by_second else (0, 0)

    def windows(self, since, until, most=4000):
        """The seconds in parts of so many spans that one answer takes."""
        begin, count = since, 0
        for second in range(since, until):
            with self._lock:
                here = len(self._by_second.get(second, ()))
            if count and count + here > most:
                yield begin, second
                begin, count = second, 0
            count += here
        if begin < until:
            yield begin, until

    def counts(self):
        with self._lock:
            sent = sum(map(len, self._by_second.values()))
            acknowledged = sum(at is not None for each in self._by_second.values() for at in each.values())
        return sent, acknowledged


class Sender(threading.Thread):
    """Sends an agent some spans, waits, and goes on; what got no answer is sent again as it was."""

    def __init__(self, number, address, port, ledger, pause):
        super().__init__(daemon=True)
        self.number, self.address, self.port, self.ledger, self.pause = number, address, port, ledger, pause
        self.is_ending, self.is_done, self._count = False, False, 0

    def run(self):
        connection = None
        while not self.is_ending:
            second, ids, body = self._request()
            self.ledger.sent(second, ids)
            attempts = 0
            while True:
                try:
                    connection = connection or http.client.HTTPConnection(
                        self.address, self.port, timeout=ANSWER_SECONDS)
                    connection.request("POST", "/v1/traces", body, {"Content-Type": "application/json"})
                    answer = connection.getresponse()
                    text = answer.read().decode()
                    if answer.status == 200 and "rejectedSpans" not in text:
                        break
                    reason = f"{answer.status} {text}"
                except (OSError, http.client.HTTPException) as e:
                    reason = repr(e)
                    if connection:
                        connection.close()
                    connection = None
                self.last_error = reason
                attempts += 1
                self.ledger.resent += 1
                if self.is_ending and attempts > 60:
                    return
                time.sleep(0.25)
            self.ledger.acknowledged(second, ids)
            time.sleep(self.pause)
        self.is_done = True

    def _request(self):
        """A trace of some spans: (second of their start, their ids, JSON)."""
        now = time.time_ns()
        spans, ids = [], []
        trace = f"{self.number:04x}{self._count + 1:028x}"
        for i in range(SPANS_A_REQUEST):
            self._count += 1
            ids.append(f"{self.number:04x}{self._count:012x}")
            spans.append({
                "traceId": trace, "spanId": ids[-1], "parentSpanId": ids[0] if i else "", "name": "step",
                "kind": 1, "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 1_000_000)})
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": f"service-{self.number}"}}]}
        return now // 10**9, ids, json.dumps(
            {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]})


def fields(data, at=0):
    """Numbers and values of a message of protobuf."""
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind in (1, 5):
            value, at = data[at:at + (8 if kind == 1 else 4)], at + (8 if kind == 1 else 4)
        else:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        yield key >> 3, value


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def encoded(**numbers):
    """A message whose fields are numbers: f4=7 is field 4."""
    data = bytearray()
    for name, value in numbers.items():
        for each in (int(name[1:]) << 3, value):
            while each > 0x7F:
                data.append(each & 0x7F | 0x80)
                each >>= 7
            data.append(each)
    return bytes(data)


class Answer:
    """What a node, or an agent, answers when it is asked for the spans of some seconds (QueryTelemetry).

    As protobuf: writing and reading JSON would take much more of the machine than what is tested."""

    def __init__(self, process, service, since, until, seconds=15):
        self.node, self.since, self.until = process.name, since, until
        self.asked_at = time.monotonic()
        connection = http.client.HTTPConnection(process.host.address, process.port, timeout=seconds)
        try:
            connection.request(
                "POST", f"/coral.{service}.v1.{service.capitalize()}Service/QueryTelemetry",
                encoded(f3=50000, f4=since, f5=until), {"Content-Type": "application/proto"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise OSError(f"{answer.status} {text[:300].decode(errors='replace')}")
        except http.client.HTTPException as e:
            raise OSError(repr(e)) from None
        finally:
            connection.close()
        self.seconds = time.monotonic() - self.asked_at
        self.ids, self.total, self.answered, self.gaps = [], 0, 0, []
        for number, value in fields(text):
            if number == 1:
                self.ids.append(next(each for key, each in fields(value) if key == 3).decode())
            elif number == 5:
                told = list(fields(value))
                self.total = sum(each for key, each in told if key == 1)
                self.answered = sum(each for key, each in told if key == 2)
                self.gaps = [each.decode() for key, each in told if key == 3]

    def told(self):
        return {"node": self.node, "since": self.since, "until": self.until, "agents": self.total,
                "answered": self.answered, "gaps": self.gaps, "spans": sorted(self.ids)}

    def is_complete(self, agents):
        return not self.gaps and self.total == self.answered == agents

    def against(self, ledger, acknowledged_before):
        """(ids missing of those acknowledged before, ids more than once, ids that nobody sent)."""
        spans, there = ledger.between(self.since, self.until), set(self.ids)
        missing = [each for each, at in spans.items()
                   if at is not None and at < acknowledged_before and each not in there]
        return missing, len(self.ids) - len(there), [each for each in there if each not in spans]
