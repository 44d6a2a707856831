package io.coral.config;

import io.coral.model.ObserveRule;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What an agent is told, see `conf/agent.yaml` for the meaning of each key.
///
/// @param dataDirectory empty path = the default of the role
/// @param colony where to register, empty = nowhere
/// @param flushInterval how often open RED windows are written as deltas
/// @param notes what was configured but is not collected yet, each a sentence
public record AgentConfig(
    Path dataDirectory,
    Address api,
    boolean apiInsecure,
    String colony,
    Duration heartbeatInterval,
    Duration flushInterval,
    boolean otlpEnabled,
    Address otlpGrpc,
    Address otlpHttp,
    boolean otlpInsecure,
    Beyla beyla,
    List<String> notes) {

  /// The `beyla:` section.
  ///
  /// @param enabled whether anything is captured
  /// @param rules which processes
  /// @param samplingRate of spans, 0 to 1
  /// @param ringRecords size of the ring buffer, in records
  public record Beyla(
      boolean enabled,
      List<ObserveRule> rules,
      boolean httpEnabled,
      List<String> routePatterns,
      Map<String, String> attributes,
      double samplingRate,
      int ringRecords,
      Duration metricsRetention,
      Duration tracesRetention) {
    public Beyla {
      rules = List.copyOf(rules);
      routePatterns = List.copyOf(routePatterns);
      attributes = Map.copyOf(attributes);
    }

    /// The same with further rules.
    public Beyla observing(List<ObserveRule> further) {
      List<ObserveRule> all = new ArrayList<>(rules);
      all.addAll(further);
      return new Beyla(
          enabled,
          all,
          httpEnabled,
          routePatterns,
          attributes,
          samplingRate,
          ringRecords,
          metricsRetention,
          tracesRetention);
    }
  }

  public AgentConfig {
    notes = List.copyOf(notes);
  }

  /// What holds without a file. OTLP listens on loopback only.
  public static AgentConfig defaults() {
    try {
      return parse("defaults", "");
    } catch (ConfigException e) {
      throw new IllegalStateException("the defaults are not valid", e);
    }
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
    String colony = agent.string("colony", "127.0.0.1:9000");
    if (!colony.isEmpty()) {
      parseAddress(agent, "colony", colony);
    }
    Duration heartbeat =
        agent.duration("heartbeat_interval", Duration.ofSeconds(15), Duration.ofSeconds(1));
    Duration flush =
        agent.duration("flush_interval", Duration.ofSeconds(10), Duration.ofSeconds(1));
    agent.done();

    Section telemetry = root.section("telemetry");
    boolean otlpDisabled = telemetry.flag("disabled", false);
    Address grpc =
        parseAddress(
            telemetry, "grpc_endpoint", telemetry.string("grpc_endpoint", "127.0.0.1:4317"));
    Address http =
        parseAddress(
            telemetry, "http_endpoint", telemetry.string("http_endpoint", "127.0.0.1:4318"));
    boolean otlpInsecure = telemetry.flag("insecure", false);
    if (!otlpDisabled) {
      Listening.check(telemetry, "grpc_endpoint", grpc, otlpInsecure);
      Listening.check(telemetry, "http_endpoint", http, otlpInsecure);
    }
    telemetry.notYet("storage_retention_hours", "1");
    telemetry.notYet("filters", "");
    telemetry.done();

    Beyla beyla = beyla(root.section("beyla"), notes);
    root.notYet("ebpf", "");
    root.notYet("system_metrics", "");
    root.notYet("continuous_profiling", "");
    root.done();
    return new AgentConfig(
        data,
        api,
        apiInsecure,
        colony,
        heartbeat,
        flush,
        !otlpDisabled,
        grpc,
        http,
        otlpInsecure,
        beyla,
        notes);
  }

  private static Beyla beyla(Section beyla, List<String> notes) throws ConfigException {
    boolean enabled = beyla.flag("enabled", true);
    String engine = beyla.string("engine", "auto");
    if (!engine.equals("auto") && !engine.equals("coral")) {
      throw beyla.refuse(
          "engine",
          "beyla.engine: \"" + engine + "\" (expected: auto or coral; beyla is not supported yet)");
    }

    Section discovery = beyla.section("discovery");
    discovery.notYet("mode", "rules");
    List<ObserveRule> rules = new ArrayList<>();
    for (Section service : discovery.sections("services")) {
      rules.add(rule(service));
    }
    discovery.done();

    Section protocols = beyla.section("protocols");
    Section http = protocols.section("http");
    boolean httpEnabled = http.flag("enabled", true);
    http.notYet("capture_headers", "false");
    List<String> patterns = http.strings("route_patterns");
    http.done();
    for (String protocol : List.of("grpc", "sql", "kafka", "redis")) {
      boolean wanted = protocols.has(protocol);
      Section section = protocols.section(protocol);
      if (section.flag("enabled", wanted)) {
        notes.add(
            "beyla.protocols."
                + protocol
                + " is enabled, but "
                + protocol
                + " is not captured yet");
      }
      if (protocol.equals("sql")) {
        section.notYet("obfuscate_queries", "true");
      }
      section.done();
    }
    protocols.done();

    Map<String, String> attributes = beyla.stringMap("attributes");
    Section sampling = beyla.section("sampling");
    double rate = sampling.fraction("rate", 1.0);
    sampling.done();
    Section limits = beyla.section("limits");
    limits.notYet("max_traced_connections", "1000");
    int ringRecords = limits.integer("ring_buffer_size", 65536, 1, 1 << 22);
    limits.done();
    beyla.notYet("otlp_endpoint", "127.0.0.1:4319");
    Duration metrics = Duration.ofHours(beyla.integer("storage_retention_hours", 1, 1, 24 * 7));
    Duration traces =
        Duration.ofHours(beyla.integer("storage_retention_hours_traces", 1, 1, 24 * 7));
    beyla.done();
    return new Beyla(
        enabled, rules, httpEnabled, patterns, attributes, rate, ringRecords, metrics, traces);
  }

  private static ObserveRule rule(Section service) throws ConfigException {
    String name = service.string("name", "");
    int port = service.integer("open_port", 0, 1, 65535);
    int pid = service.integer("pid", 0, 2, Integer.MAX_VALUE);
    String exe = service.string("exe", "");
    for (String later :
        List.of(
            "open_ports",
            "exe_path",
            "cmdline",
            "k8s_pod_name",
            "k8s_namespace",
            "k8s_pod_label",
            "k8s_owner_name")) {
      service.notYet(later, "");
    }
    service.done();
    try {
      return new ObserveRule(name, port, pid, exe);
    } catch (IllegalArgumentException e) {
      throw service.refuse("name", String.valueOf(e.getMessage()));
    }
  }

  private static Address parseAddress(Section section, String key, String text)
      throws ConfigException {
    try {
      return Address.parse(text);
    } catch (IllegalArgumentException e) {
      throw section.refuse(key, key + ": " + e.getMessage());
    }
  }
}
