package io.coral.it;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A real HTTP server as a process of its own, on a loopback port of its own.
///
/// All four answer alike: 201 to `/api/payments`, 204 to `/api/items/`, 200 to everything else, 503
/// where the query has `fail=1`; paths below `/early/` are answered before the body is read.
final class Backend implements AutoCloseable {
  private final Process process;
  private final int port;
  private final List<Long> pids;

  /// Which server.
  enum Kind {
    NGINX,
    PYTHON,
    NODE,
    GO
  }

  private Backend(Process process, int port, List<Long> pids) {
    this.process = process;
    this.port = port;
    this.pids = pids;
  }

  /// Starts a server with its files in a directory and waits until it accepts.
  static Backend start(Kind kind, Path directory) throws IOException, InterruptedException {
    int port = Host.freePort();
    return switch (kind) {
      case NGINX -> nginx(directory, port);
      case PYTHON -> python(directory, port);
      case NODE -> node(directory, port);
      case GO -> go(directory, port);
    };
  }

  int port() {
    return port;
  }

  /// The processes that serve.
  List<Long> pids() {
    return pids;
  }

  /// Arguments that make an agent observe it under a name.
  String[] observedAs(String name) {
    return pids.stream()
        .flatMap(pid -> List.of("--observe", name + "=pid:" + pid).stream())
        .toArray(String[]::new);
  }

  private static Backend nginx(Path directory, int port) throws IOException {
    String program = Host.program("nginx");
    Path config = directory.resolve("nginx.conf");
    // One master and one worker, as in production; the worker serves.
    Files.writeString(
        config,
        """
        user root;
        daemon off;
        worker_processes 1;
        pid DIR/nginx.pid;
        error_log DIR/error.log;
        events { worker_connections 256; }
        http {
          access_log off;
          keepalive_timeout 600s;
          keepalive_requests 100000000;
          client_header_timeout 600s;
          sendfile on;
          client_body_temp_path DIR/body;
          proxy_temp_path DIR/proxy;
          fastcgi_temp_path DIR/fastcgi;
          uwsgi_temp_path DIR/uwsgi;
          scgi_temp_path DIR/scgi;
          server {
            listen 127.0.0.1:PORT;
            root DIR;
            if ($arg_fail) { return 503 "failed\\n"; }
            location /api/payments { return 201 "created\\n"; }
            location /api/items/ { return 204; }
            location /file/ { }
            location /slow/ { alias DIR/file/; limit_rate 20m; }
            location / { return 200 "fine\\n"; }
          }
        }
        """
            .replace("DIR", directory.toString())
            .replace("PORT", Integer.toString(port)));
    Process process =
        process(
            directory, List.of(program, "-e", directory + "/error.log", "-c", config.toString()));
    return new Backend(process, port, List.of()).awaited(true);
  }

  private static Backend python(Path directory, int port) throws IOException {
    Path script = directory.resolve("server.py");
    Files.writeString(script, PYTHON);
    return new Backend(
            process(
                directory,
                List.of(Host.program("python3"), script.toString(), Integer.toString(port))),
            port,
            List.of())
        .awaited(false);
  }

  private static Backend node(Path directory, int port) throws IOException {
    Path script = directory.resolve("server.js");
    Files.writeString(script, NODE);
    return new Backend(
            process(
                directory,
                List.of(Host.program("node"), script.toString(), Integer.toString(port))),
            port,
            List.of())
        .awaited(false);
  }

  private static Backend go(Path directory, int port) throws IOException, InterruptedException {
    String program = Host.program("go");
    Files.writeString(directory.resolve("main.go"), GO);
    Files.writeString(directory.resolve("go.mod"), "module server\n\ngo 1.21\n");
    ProcessBuilder build =
        new ProcessBuilder(program, "build", "-o", "server", ".")
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("build.log").toFile());
    build.environment().put("GOFLAGS", "-mod=mod");
    build.environment().put("GOPROXY", "off");
    build.environment().put("GOTOOLCHAIN", "local");
    build.environment().put("CGO_ENABLED", "0");
    Process compiler = build.start();
    if (!compiler.waitFor(180, TimeUnit.SECONDS) || compiler.exitValue() != 0) {
      compiler.destroyForcibly();
      throw new IOException("go build: " + Files.readString(directory.resolve("build.log")));
    }
    return new Backend(
            process(
                directory, List.of(directory.resolve("server").toString(), Integer.toString(port))),
            port,
            List.of())
        .awaited(false);
  }

  private static Process process(Path directory, List<String> command) throws IOException {
    return new ProcessBuilder(command)
        .directory(directory.toFile())
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("server.log").toFile())
        .start();
  }

  private Backend awaited(boolean childrenServe) {
    try {
      await("server on port " + port)
          .atMost(Duration.ofSeconds(100))
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(20))
          .until(() -> accepts() && (!childrenServe || !Host.children(process).isEmpty()));
    } catch (RuntimeException e) {
      close();
      throw e;
    }
    return new Backend(
        process, port, childrenServe ? Host.children(process) : List.of(process.pid()));
  }

  private boolean accepts() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void close() {
    // A master that is killed leaves its workers behind.
    List<Long> children = Host.children(process);
    process.destroyForcibly();
    for (long child : children) {
      ProcessHandle.of(child).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  private static final String PYTHON =
      """
      import sys, time
      from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

      class Handler(BaseHTTPRequestHandler):
          protocol_version = "HTTP/1.1"
          disable_nagle_algorithm = True

          def log_message(self, *arguments):
              pass

          def body(self):
              self.rfile.read(int(self.headers.get("Content-Length", 0)))

          def slow_body(self):
              left = int(self.headers.get("Content-Length", 0))
              while left > 0:
                  left -= len(self.rfile.read(min(left, 65536)))
                  time.sleep(0.02)

          def answer(self, status, text):
              self.send_response(status)
              if status != 204:
                  self.send_header("Content-Length", str(len(text)))
              self.end_headers()
              if status != 204 and self.command != "HEAD":
                  self.wfile.write(text)

          def trickle(self):
              self.send_response(200)
              self.send_header("Transfer-Encoding", "chunked")
              self.end_headers()
              for i in range(30):
                  time.sleep(0.1)
                  self.wfile.write(b"a\\r\\n0123456789\\r\\n")
              self.wfile.write(b"0\\r\\n\\r\\n")

          def serve(self):
              if self.path == "/trickle":
                  return self.trickle()
              early = self.path.startswith("/early/")
              if self.path == "/slow-read":
                  self.slow_body()
              elif not early:
                  self.body()
              if "fail=1" in self.path:
                  self.answer(503, b"failed\\n")
              elif self.path.startswith("/api/payments"):
                  self.answer(201, b"created\\n")
              elif self.path.startswith("/api/items/"):
                  self.answer(204, b"")
              else:
                  self.answer(200, b"fine\\n")
              if early:
                  self.body()

          do_GET = do_HEAD = do_POST = do_PUT = serve

      ThreadingHTTPServer.daemon_threads = True
      ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
      """;

  private static final String NODE =
      """
      const http = require('http');
      const server = http.createServer((request, response) => {
        const answer = () => {
          const url = request.url;
          if (url.includes('fail=1')) { response.writeHead(503); response.end('failed\\n'); }
          else if (url.startsWith('/api/payments')) { response.writeHead(201); response.end('created\\n'); }
          else if (url.startsWith('/api/items/')) { response.writeHead(204); response.end(); }
          else { response.end('fine\\n'); }
        };
        if (request.url.startsWith('/early/')) {
          answer();
          request.resume();
        } else {
          request.on('data', () => {});
          request.on('end', answer);
        }
      });
      server.keepAliveTimeout = 0;
      server.requestTimeout = 0;
      server.headersTimeout = 0;
      server.listen(Number(process.argv[2]), '127.0.0.1');
      """;

  private static final String GO =
      """
      package main

      import (
      	"io"
      	"net/http"
      	"os"
      	"strconv"
      	"strings"
      )

      func serve(w http.ResponseWriter, r *http.Request) {
      	early := strings.HasPrefix(r.URL.Path, "/early/")
      	if early {
      		http.NewResponseController(w).EnableFullDuplex()
      	} else {
      		io.Copy(io.Discard, r.Body)
      	}
      	status, text := 200, "fine\\n"
      	if r.URL.Query().Get("fail") == "1" {
      		status, text = 503, "failed\\n"
      	} else if strings.HasPrefix(r.URL.Path, "/api/payments") {
      		status, text = 201, "created\\n"
      	} else if strings.HasPrefix(r.URL.Path, "/api/items/") {
      		status, text = 204, ""
      	}
      	if status != 204 {
      		// Without a length the end of an early answer would wait for the body of the request.
      		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
      	}
      	w.WriteHeader(status)
      	if r.Method != "HEAD" {
      		io.WriteString(w, text)
      	}
      	if early {
      		http.NewResponseController(w).Flush()
      		io.Copy(io.Discard, r.Body)
      	}
      }

      func main() {
      	http.HandleFunc("/", serve)
      	if err := http.ListenAndServe("127.0.0.1:"+os.Args[1], nil); err != nil {
      		panic(err)
      	}
      }
      """;
}
