package io.coral.config;

import io.coral.model.Glob;
import io.coral.model.ObserveRule;
import io.coral.model.PortRange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// The `beyla:` section: what is collected without a change to applications, whoever collects.
///
/// @param enabled whether anything is captured
/// @param binary path of a Beyla or OBI, empty = the first of `beyla` and `obi` on `PATH`
/// @param rules which processes, in order
/// @param protocols that are counted
/// @param captureHeaders whether values of HTTP headers are kept
/// @param obfuscateQueries whether literals are taken out of SQL
/// @param contextPropagation whether and how a Beyla child writes trace headers: `disabled`,
///     `headers`, `tcp` or `all`
/// @param attributes put on every row and span
/// @param samplingRate of spans, 0 to 1
/// @param maxConnections connections whose bytes are parsed at the same time
/// @param ringRecords size of the ring buffer, in records
/// @param otlpEndpoint where a Beyla child sends; loopback
public record BeylaConfig(
    boolean enabled,
    Engine engine,
    String binary,
    List<ObserveRule> rules,
    Set<Protocol> protocols,
    boolean captureHeaders,
    List<String> routePatterns,
    boolean obfuscateQueries,
    String contextPropagation,
    Map<String, String> attributes,
    double samplingRate,
    int maxConnections,
    int ringRecords,
    Address otlpEndpoint,
    Duration metricsRetention,
    Duration tracesRetention) {
  private static final int MAX_HOURS = 24 * 7;

  /// What is spoken on the wire.
  public enum Protocol {
    HTTP,
    GRPC,
    SQL,
    KAFKA,
    REDIS;

    /// Its name in configurations, Coral's and Beyla's.
    public String key() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public BeylaConfig {
    rules = List.copyOf(rules);
    protocols = Set.copyOf(protocols);
    routePatterns = List.copyOf(routePatterns);
    attributes = Map.copyOf(attributes);
  }

  /// Whether HTTP is counted.
  public boolean httpEnabled() {
    return protocols.contains(Protocol.HTTP);
  }

  /// The same with further rules, which come first: what was asked for by name is not taken by a
  /// rule that selects everything.
  public BeylaConfig observing(List<ObserveRule> further) {
    List<ObserveRule> all = new ArrayList<>(further);
    all.addAll(rules);
    return new BeylaConfig(
        enabled,
        engine,
        binary,
        all,
        protocols,
        captureHeaders,
        routePatterns,
        obfuscateQueries,
        contextPropagation,
        attributes,
        samplingRate,
        maxConnections,
        ringRecords,
        otlpEndpoint,
        metricsRetention,
        tracesRetention);
  }

  /// @param notes takes a sentence for each thing that Coral's own capture does not do yet
  static BeylaConfig read(Section beyla, List<String> notes) throws ConfigException {
    boolean enabled = beyla.flag("enabled", true);
    String engine = beyla.choice("engine", "auto", List.of("auto", "coral", "beyla"));
    String binary = beyla.string("binary", "");

    Section discovery = beyla.section("discovery");
    String mode = discovery.choice("mode", "rules", List.of("rules", "all"));
    List<ObserveRule> rules = new ArrayList<>();
    for (Section service : discovery.sections("services")) {
      rules.add(rule(service));
    }
    if (mode.equals("all")) {
      rules.add(ObserveRule.ALL);
    }
    discovery.done();

    Section all = beyla.section("protocols");
    Set<Protocol> protocols = EnumSet.noneOf(Protocol.class);
    boolean captureHeaders = false;
    boolean obfuscateQueries = true;
    List<String> patterns = List.of();
    for (Protocol protocol : Protocol.values()) {
      boolean written = all.has(protocol.key());
      Section section = all.section(protocol.key());
      if (section.flag("enabled", true)) {
        protocols.add(protocol);
        if (written && protocol != Protocol.HTTP) {
          notes.add(
              "beyla.protocols."
                  + protocol.key()
                  + " is enabled, but "
                  + protocol.key()
                  + " is not captured yet by Coral's own capture");
        }
      }
      if (protocol == Protocol.HTTP) {
        captureHeaders = section.flag("capture_headers", false);
        patterns = section.strings("route_patterns");
      } else if (protocol == Protocol.SQL) {
        obfuscateQueries = section.flag("obfuscate_queries", true);
      }
      section.done();
    }
    all.done();

    String propagation =
        beyla.choice(
            "context_propagation", "disabled", List.of("disabled", "headers", "tcp", "all"));
    if (!propagation.equals("disabled")) {
      notes.add(
          "beyla.context_propagation is "
              + propagation
              + ", but Coral's own capture never alters traffic");
    }
    Map<String, String> attributes = beyla.stringMap("attributes");
    Section sampling = beyla.section("sampling");
    double rate = sampling.fraction("rate", 1.0);
    sampling.done();
    Section limits = beyla.section("limits");
    int connections = limits.integer("max_traced_connections", 1000, 1, 1 << 22);
    int ringRecords = limits.integer("ring_buffer_size", 65536, 1, 1 << 22);
    limits.done();
    Address endpoint = beyla.address("otlp_endpoint", "127.0.0.1:4319");
    if (!endpoint.isLoopback()) {
      throw beyla.refuse(
          "otlp_endpoint",
          "beyla.otlp_endpoint: "
              + endpoint
              + " (expected: a loopback address, because only the child sends there)");
    }
    Duration metrics = Duration.ofHours(beyla.integer("storage_retention_hours", 1, 1, MAX_HOURS));
    Duration traces =
        Duration.ofHours(beyla.integer("storage_retention_hours_traces", 1, 1, MAX_HOURS));
    beyla.done();
    return new BeylaConfig(
        enabled,
        Engine.valueOf(engine.toUpperCase(Locale.ROOT)),
        binary,
        rules,
        protocols,
        captureHeaders,
        patterns,
        obfuscateQueries,
        propagation,
        attributes,
        rate,
        connections,
        ringRecords,
        endpoint,
        metrics,
        traces);
  }

  private static ObserveRule rule(Section service) throws ConfigException {
    String name = service.string("name", "");
    int port = service.integer("open_port", 0, 1, 65535);
    String ports = String.join(",", service.scalars("open_ports"));
    int pid = service.integer("pid", 0, 2, Integer.MAX_VALUE);
    String exe = service.string("exe", "");
    String exePath = service.string("exe_path", "");
    String cmdline = service.string("cmdline", "");
    String podName = service.string("k8s_pod_name", "");
    String podNamespace = service.string("k8s_namespace", "");
    Map<String, String> podLabels = service.stringMap("k8s_pod_label");
    service.done();
    if (port > 0 && !ports.isEmpty()) {
      throw service.refuse("open_ports", "open_port and open_ports (expected: one of them)");
    }
    List<PortRange> ranges;
    try {
      ranges =
          ports.isEmpty()
              ? port == 0 ? List.of() : List.of(PortRange.of(port))
              : PortRange.parse(ports);
    } catch (IllegalArgumentException e) {
      throw service.refuse("open_ports", "open_" + e.getMessage());
    }
    try {
      Glob.of(exePath);
    } catch (IllegalArgumentException e) {
      throw service.refuse("exe_path", "exe_path: " + e.getMessage());
    }
    try {
      return new ObserveRule(
          name, ranges, pid, exe, exePath, cmdline, podName, podNamespace, podLabels);
    } catch (java.util.regex.PatternSyntaxException e) {
      throw service.refuse(
          "cmdline",
          "cmdline: \"" + cmdline + "\" (expected: a regular expression): " + e.getDescription());
    } catch (IllegalArgumentException e) {
      throw service.refuse("name", String.valueOf(e.getMessage()));
    }
  }
}
