"""One service of a chain, a thread for each connection: LETTER HOST:PORT [NEXT_LETTER NEXT_HOST:PORT]."""
import random
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LETTER, ADDRESS = sys.argv[1], sys.argv[2].rpartition(":")
NEXT = sys.argv[3:5]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        number = self.path.rpartition("/")[2]
        if NEXT:
            time.sleep(random.random() * 0.003)
            url = "http://%s/%s/%s" % (NEXT[1], NEXT[0], number)
            with urllib.request.urlopen(url) as answer:
                answer.read()
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server((ADDRESS[0], int(ADDRESS[2])), Handler).serve_forever()
