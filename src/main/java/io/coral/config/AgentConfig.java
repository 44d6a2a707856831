package io.coral.config;

import io.coral.model.StreamSchema;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// What an agent is told, see `conf/agent.yaml` for the meaning of each key.
///
/// @param dataDirectory empty path = the default of the role
/// @param colonies nodes of the colony to register with, `host:port`, any of them; empty = nowhere
/// @param flushInterval how often open RED windows are written as deltas
/// @param otlpRetention how long what came by OTLP is kept on this host
/// @param notes what is configured but not yet done by Coral's own capture, each a sentence
public record AgentConfig(
    Path dataDirectory,
    Address api,
    boolean apiInsecure,
    List<String> colonies,
    Duration heartbeatInterval,
    Duration flushInterval,
    boolean otlpEnabled,
    Address otlpGrpc,
    Address otlpHttp,
    boolean otlpInsecure,
    Duration otlpRetention,
    SpanFilterConfig spanFilter,
    DiskMarks diskMarks,
    BeylaConfig beyla,
    List<String> notes) {

  public AgentConfig {
    colonies = List.copyOf(colonies);
    notes = List.copyOf(notes);
  }

  /// The addresses in texts that may have several of them each, separated by commas.
  public static List<String> colonies(List<String> texts) {
    return texts.stream()
        .flatMap(Pattern.compile(",")::splitAsStream)
        .map(String::strip)
        .filter(address -> !address.isEmpty())
        .toList();
  }

  /// What holds without a file. OTLP listens on loopback only.
  public static AgentConfig defaults() {
    try {
      return parse("defaults", "");
    } catch (ConfigException e) {
      throw new IllegalStateException("the defaults are not valid", e);
    }
  }

  /// How long each stream is kept on this host.
  public Map<StreamSchema, Duration> retention() {
    Map<StreamSchema, Duration> retention = new HashMap<>();
    for (StreamSchema schema : StreamSchema.ALL) {
      retention.put(schema, schema.countsRequests() ? beyla.metricsRetention() : otlpRetention);
    }
    retention.put(StreamSchema.TRACES, beyla.tracesRetention());
    retention.put(StreamSchema.TRACE_ALIASES, beyla.tracesRetention());
    return retention;
  }

  /// Reads a file's content.
  ///
  /// @param file its name, for messages
  public static AgentConfig parse(String file, String yaml) throws ConfigException {
    Section root = Section.parse(file, yaml);
    List<String> notes = new ArrayList<>();

    Section agent = root.section("agent");
    Path data = Path.of(agent.string("data", ""));
    String bind = agent.string("bind", "127.0.0.1");
    Address api = new Address(bind, agent.integer("port", 9001, 0, 65535));
    boolean apiInsecure = agent.flag("insecure", false);
    Listening.check(agent, "bind", api, apiInsecure);
    List<String> colonies =
        agent.has("colony") ? colonies(agent.scalars("colony")) : List.of("127.0.0.1:9000");
    for (String colony : colonies) {
      try {
        Address.parse(colony);
      } catch (IllegalArgumentException e) {
        throw agent.refuse("colony", "colony: " + e.getMessage());
      }
    }
    Duration heartbeat =
        agent.duration("heartbeat_interval", Duration.ofSeconds(15), Duration.ofSeconds(1));
    Duration flush =
        agent.duration("flush_interval", Duration.ofSeconds(10), Duration.ofSeconds(1));
    agent.done();

    Section telemetry = root.section("telemetry");
    boolean otlpDisabled = telemetry.flag("disabled", false);
    Address grpc = telemetry.address("grpc_endpoint", "127.0.0.1:4317");
    Address http = telemetry.address("http_endpoint", "127.0.0.1:4318");
    boolean otlpInsecure = telemetry.flag("insecure", false);
    if (!otlpDisabled) {
      Listening.check(telemetry, "grpc_endpoint", grpc, otlpInsecure);
      Listening.check(telemetry, "http_endpoint", http, otlpInsecure);
    }
    Duration otlpRetention =
        Duration.ofHours(telemetry.integer("storage_retention_hours", 1, 1, 24 * 7));
    SpanFilterConfig spanFilter = SpanFilterConfig.read(telemetry.section("filters"));
    telemetry.done();

    Section storage = root.section("storage");
    DiskMarks diskMarks = DiskMarks.read(storage.section("disk"));
    storage.done();

    BeylaConfig beyla = BeylaConfig.read(root.section("beyla"), notes);
    root.notYet("ebpf", "");
    root.notYet("system_metrics", "");
    root.notYet("continuous_profiling", "");
    root.done();
    return new AgentConfig(
        data,
        api,
        apiInsecure,
        colonies,
        heartbeat,
        flush,
        !otlpDisabled,
        grpc,
        http,
        otlpInsecure,
        otlpRetention,
        spanFilter,
        diskMarks,
        beyla,
        notes);
  }
}
