package io.coral.agent.beyla;

import io.coral.config.BeylaConfig;
import io.coral.config.BeylaConfig.Protocol;
import io.coral.model.Glob;
import io.coral.model.ObserveRule;
import io.coral.model.ObservedProcess;
import io.coral.model.PortRange;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/// What Beyla (2 and 3) or OBI is told: Coral's `beyla:` section in its words.
///
/// Keys: opentelemetry.io/docs/zero-code/obi/configure. Equal input gives equal text, so that the
/// text tells whether the child has to be started again.
///
/// @param yaml the file
/// @param environment of the child, besides what every process gets
/// @param selects whether there is anything to observe
record BeylaConfigFile(String yaml, Map<String, String> environment, boolean selects) {
  /// Names of headers whose values are never kept.
  private static final List<String> SECRET_HEADERS =
      List.of("Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key");

  BeylaConfigFile {
    environment = Map.copyOf(environment);
  }

  /// @param rules those of the file, and of `coral connect`
  /// @param observed what discovery found, for conditions that Beyla does not have
  /// @param ownPorts on which Coral listens: who does that is Coral, and not observed
  static BeylaConfigFile of(
      BeylaConfig config,
      List<ObserveRule> rules,
      List<ObservedProcess> observed,
      List<Integer> ownPorts) {
    List<Map<String, Object>> selectors = new ArrayList<>();
    boolean pods = false;
    for (ObserveRule rule : rules) {
      Map<String, Object> selector = selector(rule, observed);
      pods |= rule.asksForPod();
      if (!selector.isEmpty()) {
        selectors.add(selector);
      }
    }
    Map<String, Object> file = new LinkedHashMap<>();
    file.put("log_level", "INFO");
    Map<String, Object> discovery = new LinkedHashMap<>();
    discovery.put("instrument", selectors);
    if (!ownPorts.isEmpty()) {
      discovery.put(
          "exclude_instrument",
          List.of(
              Map.of(
                  "open_ports",
                  PortRange.text(
                      ownPorts.stream()
                          .filter(port -> port > 0)
                          .sorted()
                          .map(PortRange::of)
                          .toList()))));
    }
    file.put("discovery", discovery);
    Map<String, Object> routes = new LinkedHashMap<>();
    if (!config.routePatterns().isEmpty()) {
      routes.put("patterns", config.routePatterns().stream().map(BeylaConfigFile::route).toList());
    }
    routes.put("unmatched", "heuristic");
    file.put("routes", routes);
    file.put("ebpf", ebpf(config));
    List<String> protocols = protocols(config);
    String endpoint = "http://" + config.otlpEndpoint();
    Map<String, Object> metrics = new LinkedHashMap<>();
    metrics.put("endpoint", endpoint);
    metrics.put("protocol", "grpc");
    // As often as Coral's own windows end; Beyla's default is a minute.
    metrics.put("interval", "10s");
    metrics.put("features", List.of("application"));
    metrics.put("instrumentations", protocols);
    file.put("otel_metrics_export", metrics);
    Map<String, Object> traces = new LinkedHashMap<>();
    traces.put("endpoint", endpoint);
    traces.put("protocol", "grpc");
    traces.put("instrumentations", protocols);
    Map<String, Object> sampler = new LinkedHashMap<>();
    sampler.put("name", "parentbased_traceidratio");
    sampler.put("arg", Double.toString(config.samplingRate()));
    traces.put("sampler", sampler);
    file.put("otel_traces_export", traces);
    Map<String, Object> attributes = new LinkedHashMap<>();
    if (pods) {
      attributes.put("kubernetes", Map.of("enable", "autodetect"));
    }
    if (!config.obfuscateQueries()) {
      // Beyla gives the text of a query with its literals or not at all; not at all is its default.
      attributes.put("select", Map.of("traces", Map.of("include", List.of("db.query.text"))));
    }
    if (!attributes.isEmpty()) {
      file.put("attributes", attributes);
    }
    String yaml =
        "# Written by the Coral agent, replaced at its next start. Change agent.yaml instead.\n"
            + new Dump(
                    DumpSettings.builder()
                        .setDefaultFlowStyle(FlowStyle.BLOCK)
                        .setDereferenceAliases(true)
                        .build())
                .dumpToString(file);
    Map<String, String> environment =
        config.attributes().isEmpty()
            ? Map.of()
            : Map.of("OTEL_RESOURCE_ATTRIBUTES", resource(config.attributes()));
    return new BeylaConfigFile(yaml, environment, !selectors.isEmpty());
  }

  /// The names of the protocols that are on.
  static List<String> protocols(BeylaConfig config) {
    return config.protocols().stream().sorted().map(Protocol::key).toList();
  }

  private static Map<String, Object> ebpf(BeylaConfig config) {
    Map<String, Object> ebpf = new LinkedHashMap<>();
    ebpf.put("context_propagation", config.contextPropagation());
    // Reads trace headers that are there; writes none.
    ebpf.put("track_request_headers", true);
    if (config.captureHeaders()) {
      Map<String, Object> secret = new LinkedHashMap<>();
      secret.put("action", "obfuscate");
      secret.put("type", "headers");
      secret.put("scope", "all");
      Map<String, Object> match = new LinkedHashMap<>();
      match.put("patterns", SECRET_HEADERS);
      match.put("case_sensitive", false);
      secret.put("match", match);
      Map<String, Object> enrichment = new LinkedHashMap<>();
      enrichment.put("enabled", true);
      Map<String, Object> actions = new LinkedHashMap<>();
      actions.put("headers", "include");
      actions.put("body", "exclude");
      enrichment.put("policy", Map.of("default_action", actions));
      enrichment.put("rules", List.of(secret));
      ebpf.put("payload_extraction", Map.of("http", Map.of("enrichment", enrichment)));
    }
    return ebpf;
  }

  /// Empty when the rule selects nothing at the moment.
  private static Map<String, Object> selector(ObserveRule rule, List<ObservedProcess> observed) {
    Map<String, Object> selector = new LinkedHashMap<>();
    if (!rule.name().isEmpty()) {
      selector.put("name", rule.name());
    }
    if (!rule.openPorts().isEmpty()) {
      selector.put("open_ports", PortRange.text(rule.openPorts()));
    }
    if (!rule.exe().isEmpty()) {
      selector.put("exe_path", "*/" + Glob.literal(rule.exe()));
    } else if (!rule.exePath().isEmpty()) {
      selector.put("exe_path", rule.exePath());
    }
    if (!rule.cmdline().isEmpty()) {
      // Beyla cannot look at a command line with an expression: Coral does, and gives the pids.
      TreeSet<Integer> pids = new TreeSet<>();
      observed.stream()
          .filter(process -> process.selectedBy().equals(rule.text()))
          .forEach(process -> pids.add(process.processId()));
      if (pids.isEmpty()) {
        return Map.of();
      }
      selector.put("target_pids", List.copyOf(pids));
    } else if (rule.processId() > 0) {
      selector.put("target_pids", List.of(rule.processId()));
    }
    if (!rule.podNamespace().isEmpty()) {
      selector.put("k8s_namespace", rule.podNamespace());
    }
    if (!rule.podName().isEmpty()) {
      selector.put("k8s_pod_name", rule.podName());
    }
    if (!rule.podLabels().isEmpty()) {
      selector.put("k8s_pod_labels", new TreeMap<>(rule.podLabels()));
    }
    return selector;
  }

  /// Beyla reads `/users/{id}` and `/users/:id`; the first in all versions.
  private static String route(String pattern) {
    return pattern.replaceAll("/:([^/]+)", "/{$1}");
  }

  /// `key=value,…` with percent signs where the text would be taken for structure.
  private static String resource(Map<String, String> attributes) {
    List<String> pairs = new ArrayList<>();
    new TreeMap<>(attributes)
        .forEach((name, value) -> pairs.add(encoded(name) + "=" + encoded(value)));
    return String.join(",", pairs);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /// SHA-256 over the file and the environment, in hex.
  String sha256() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(yaml.getBytes(StandardCharsets.UTF_8));
      digest.update(new TreeMap<>(environment).toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
