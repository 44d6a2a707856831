package io.coral.it;

import com.google.gson.JsonObject;
import io.coral.otlp.SpanPayloads;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Some nodes of one colony and some agents, each a process of its own on loopback, and what was
/// sent to the agents.
final class TestCluster implements AutoCloseable {
  private static final int OK = 200;
  private static final int MOST = 50_000;

  private final Path directory;
  private final String name = "test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
  private final List<Integer> clusterPorts;
  private final List<Node> nodes = new ArrayList<>();
  private final List<Agent> agents = new ArrayList<>();
  private final SpanPayloads payloads = new SpanPayloads(11);
  private final Set<String> sent = new TreeSet<>();

  /// A place for a node; its process may be another one later.
  static final class Node {
    private final Path directory;
    private final Path config;
    private final int port;
    private CoralProcess process;

    private Node(Path directory, Path config, int port) throws IOException {
      this.directory = directory;
      this.config = config;
      this.port = port;
      this.process = started();
    }

    private CoralProcess started() throws IOException {
      return CoralProcess.colony(directory, port, "--cluster", "--config", config.toString());
    }

    CoralProcess process() {
      return process;
    }

    Api api() {
      return process.api();
    }

    int port() {
      return port;
    }

    /// Starts it again.
    void start() throws IOException {
      process = started();
    }

    /// SIGKILL; what it had is gone.
    void lose() throws Exception {
      process.kill();
      try (var files = Files.walk(directory)) {
        for (Path each : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(each);
        }
      }
    }
  }

  /// An agent and where it takes spans.
  record Agent(CoralProcess process, int otlp) {}

  TestCluster(Path directory) throws IOException {
    this.directory = directory;
    this.clusterPorts = List.of(Host.freePort(), Host.freePort(), Host.freePort());
  }

  /// Starts a node and waits until it serves.
  Node addNode(String pollInterval) throws IOException {
    String node = "n" + (nodes.size() + 1);
    Path config =
        Files.writeString(
            directory.resolve(node + ".yaml"),
            "colony:\n  poll_interval: "
                + pollInterval
                + "\ncluster:\n  name: "
                + name
                + "\n  node: "
                + node
                + "\n  port: "
                + clusterPorts.get(nodes.size())
                + "\n  members: ["
                + clusterPorts.stream()
                    .map(port -> "'127.0.0.1:" + port + "'")
                    .collect(Collectors.joining(", "))
                + "]\n");
    Node started = new Node(directory.resolve(node), config, Host.freePort());
    nodes.add(started);
    return started;
  }

  /// Starts an agent that registers with a node.
  Agent addAgent(Node node) throws IOException {
    Path home = Files.createDirectory(directory.resolve("a" + (agents.size() + 1)));
    int otlp = Host.freePort();
    Agent agent = new Agent(Otlp.agent(home, Host.freePort(), 0, otlp, node.port), otlp);
    agents.add(agent);
    return agent;
  }

  List<Node> nodes() {
    return nodes;
  }

  List<Agent> agents() {
    return agents;
  }

  /// Sends spans to an agent, which must take them.
  void send(Agent agent, int spans) throws IOException {
    ExportTraceServiceRequest payload =
        payloads.payload(spans, System.currentTimeMillis() * 1_000_000);
    int status = Otlp.sendSpans(agent.otlp, payload);
    if (status != OK) {
      throw new IOException("the agent answered " + status);
    }
    for (ResourceSpans resource : payload.getResourceSpansList()) {
      for (ScopeSpans scope : resource.getScopeSpansList()) {
        for (Span span : scope.getSpansList()) {
          sent.add(HexFormat.of().formatHex(span.getSpanId().toByteArray()));
        }
      }
    }
  }

  /// The ids of all spans that agents took.
  Set<String> sent() {
    return sent;
  }

  /// What a node answers when it is asked for all spans of the last hour.
  static Answer ask(Node node) throws IOException {
    return ask(node.api());
  }

  /// The same of a node that is no part of a cluster.
  static Answer ask(Api api) throws IOException {
    JsonObject request = new JsonObject();
    request.addProperty("maxRecords", MOST);
    JsonObject answer = api.colony("QueryTelemetry", request);
    List<String> spans =
        Api.objects(answer, "spans").stream().map(span -> Api.text(span, "spanId")).toList();
    JsonObject completeness = answer.getAsJsonObject("completeness");
    return new Answer(
        spans,
        Api.number(completeness, "agentsTotal"),
        Api.number(completeness, "agentsAnswered"),
        Api.texts(completeness, "gaps"));
  }

  /// @param spans their ids, as often as they came
  record Answer(List<String> spans, long agents, long answered, List<String> gaps) {
    /// Whether nothing is said to be missing.
    boolean isComplete() {
      return agents == answered && gaps.isEmpty();
    }

    /// Whether it has every span once and says so.
    boolean is(Set<String> expected, int itsAgents) {
      return isComplete()
          && agents == itsAgents
          && spans.size() == expected.size()
          && expected.containsAll(spans);
    }

    @Override
    public String toString() {
      return spans.size()
          + " spans, "
          + new TreeSet<>(spans).size()
          + " different, of "
          + answered
          + " of "
          + agents
          + " agents, "
          + gaps;
    }
  }

  @Override
  public void close() {
    agents.forEach(agent -> agent.process.close());
    nodes.forEach(node -> node.process.close());
  }
}
