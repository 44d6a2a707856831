"""One service of a chain that is instrumented with the OpenTelemetry SDK and sends `traceparent`:
LETTER HOST:PORT [NEXT_LETTER NEXT_HOST:PORT]."""
import random
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import TracerProvider

LETTER, ADDRESS = sys.argv[1], sys.argv[2].rpartition(":")
NEXT = sys.argv[3:5]

trace.set_tracer_provider(TracerProvider())
tracer = trace.get_tracer("chain")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        incoming = propagate.extract(dict(self.headers))
        with tracer.start_as_current_span("serve", context=incoming, kind=trace.SpanKind.SERVER):
            self.serve()

    def serve(self):
        number = self.path.rpartition("/")[2]
        if NEXT:
            time.sleep(random.random() * 0.003)
            url = "http://%s/%s/%s" % (NEXT[1], NEXT[0], number)
            with tracer.start_as_current_span("call", kind=trace.SpanKind.CLIENT):
                headers = {}
                propagate.inject(headers)
                with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
                    answer.read()
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server((ADDRESS[0], int(ADDRESS[2])), Handler).serve_forever()
