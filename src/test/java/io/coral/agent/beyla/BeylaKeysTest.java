package io.coral.agent.beyla;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.config.AgentConfig;
import io.coral.config.BeylaConfig;
import io.coral.model.GoLayout;
import io.coral.model.ObserveRule;
import io.coral.model.ObservedProcess;
import io.coral.model.ServiceName;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/// Each key of the `beyla:` section, as a Beyla child is told of it. What Coral's own capture makes
/// of the keys: `RuleMatcherTest`, `RouteTableTest`, `ConfigMappingTest`.
final class BeylaKeysTest {
  private static BeylaConfig config(String yaml) throws Exception {
    return AgentConfig.parse("a.yaml", "beyla: {" + yaml + "}").beyla();
  }

  private static BeylaConfigFile file(String yaml, ObservedProcess... observed) throws Exception {
    BeylaConfig config = config(yaml);
    return BeylaConfigFile.of(config, config.rules(), List.of(observed), List.of(9001, 4317));
  }

  /// The value at a path of the written file, read back; null when there is none.
  private static Object at(BeylaConfigFile file, Object... path) {
    Object value = new Load(LoadSettings.builder().build()).loadFromString(file.yaml());
    for (Object step : path) {
      if (value instanceof Map<?, ?> map) {
        value = map.get(step);
      } else if (value instanceof List<?> list && step instanceof Integer index) {
        value = list.get(index);
      } else {
        throw new AssertionError("nothing at " + step + " in\n" + file.yaml());
      }
    }
    return value == null ? "absent" : value;
  }

  private static Object selector(String rule, ObservedProcess... observed) throws Exception {
    return at(
        file("discovery: {services: [" + rule + "]}", observed), "discovery", "instrument", 0);
  }

  private static ObservedProcess process(int pid, String selectedBy) {
    return new ObservedProcess(
        pid,
        1,
        7,
        "/bin/a",
        "a --role=api",
        List.of(),
        "native",
        GoLayout.NONE,
        ServiceName.UNKNOWN,
        selectedBy);
  }

  @Test
  void name_isTheServicesName() throws Exception {
    assertThat(selector("{name: shop, open_port: 80}"))
        .isEqualTo(Map.of("name", "shop", "open_ports", "80"));
  }

  @Test
  void openPorts_areGivenAsOneText() throws Exception {
    assertThat(selector("{open_ports: [80, 8080-8089]}"))
        .isEqualTo(Map.of("open_ports", "80,8080-8089"));
  }

  @Test
  void exe_isThePatternOfItsPath() throws Exception {
    assertThat(selector("{exe: 'my[app]'}")).isEqualTo(Map.of("exe_path", "*/my\\[app\\]"));
  }

  @Test
  void exePath_isGivenAsItIs() throws Exception {
    assertThat(selector("{exe_path: '/opt/*/{a,b}'}"))
        .isEqualTo(Map.of("exe_path", "/opt/*/{a,b}"));
  }

  @Test
  void cmdline_isGivenAsThePidsThatDiscoveryFound() throws Exception {
    String rule = "{name: shop, cmdline: '--role=api'}";
    String text = "shop=cmdline:--role=api";
    assertThat(selector(rule, process(12, text), process(11, text), process(10, ":80")))
        .isEqualTo(Map.of("name", "shop", "target_pids", List.of(11, 12)));
    assertThat(file("discovery: {services: [" + rule + "]}").selects()).isFalse();
  }

  @Test
  void pid_isATargetPid() throws Exception {
    assertThat(selector("{pid: 4242}")).isEqualTo(Map.of("target_pids", List.of(4242)));
  }

  @Test
  void k8sKeys_areBeylasOwn() throws Exception {
    assertThat(
            selector("{k8s_pod_name: 'a-*', k8s_namespace: prod, k8s_pod_label: {app: payments}}"))
        .isEqualTo(
            Map.of(
                "k8s_pod_name",
                "a-*",
                "k8s_namespace",
                "prod",
                "k8s_pod_labels",
                Map.of("app", "payments")));
    assertThat(
            at(
                file("discovery: {services: [{k8s_namespace: prod}]}"),
                "attributes",
                "kubernetes",
                "enable"))
        .isEqualTo("autodetect");
  }

  @Test
  void modeAll_comesAfterTheRules() throws Exception {
    assertThat(
            at(
                file("discovery: {mode: all, services: [{name: a, exe: b}]}"),
                "discovery",
                "instrument"))
        .isEqualTo(
            List.of(Map.of("name", "a", "exe_path", "*/b"), Map.of("open_ports", "1-65535")));
  }

  @Test
  void coralItself_isExcludedByItsPorts() throws Exception {
    assertThat(at(file("discovery: {mode: all}"), "discovery", "exclude_instrument"))
        .isEqualTo(List.of(Map.of("open_ports", "4317,9001")));
  }

  @Test
  void rulesOfConnect_areGivenToo() throws Exception {
    BeylaConfigFile file =
        BeylaConfigFile.of(
            config(""), List.of(ObserveRule.parse("orders=:9090")), List.of(), List.of());
    assertThat(file.selects()).isTrue();
    assertThat(at(file, "discovery"))
        .isEqualTo(Map.of("instrument", List.of(Map.of("name", "orders", "open_ports", "9090"))));
  }

  @Test
  void protocols_thatAreOff_areNotExported() throws Exception {
    BeylaConfigFile file = file("protocols: {grpc: {enabled: false}, kafka: {enabled: false}}");
    for (String export : List.of("otel_metrics_export", "otel_traces_export")) {
      assertThat(at(file, export, "instrumentations")).isEqualTo(List.of("http", "sql", "redis"));
    }
    assertThat(at(file("protocols: {http: {enabled: false}}"), "otel_traces_export"))
        .extracting("instrumentations")
        .isEqualTo(List.of("grpc", "sql", "kafka", "redis"));
  }

  @Test
  void captureHeaders_keepsValues_butNoSecrets() throws Exception {
    assertThat(at(file(""), "ebpf", "payload_extraction")).isEqualTo("absent");
    BeylaConfigFile file = file("protocols: {http: {capture_headers: true}}");
    Object[] enrichment = {"ebpf", "payload_extraction", "http", "enrichment"};
    assertThat(at(file, enrichment))
        .extracting("enabled", "policy")
        .containsExactly(
            true, Map.of("default_action", Map.of("headers", "include", "body", "exclude")));
    assertThat(file.yaml()).contains("obfuscate").contains("Authorization").contains("Cookie");
  }

  @Test
  void routePatterns_areGivenInBraces_andTheRestByHeuristic() throws Exception {
    assertThat(
            at(file("protocols: {http: {route_patterns: ['/u/:id/x', '/o/{order}']}}"), "routes"))
        .isEqualTo(
            Map.of("patterns", List.of("/u/{id}/x", "/o/{order}"), "unmatched", "heuristic"));
  }

  @Test
  void obfuscateQueries_givesTheTextOfAQueryOnlyWhenItIsOff() throws Exception {
    assertThat(at(file(""), "attributes")).isEqualTo("absent");
    assertThat(
            at(
                file("protocols: {sql: {obfuscate_queries: false}}"),
                "attributes",
                "select",
                "traces",
                "include"))
        .isEqualTo(List.of("db.query.text"));
  }

  @Test
  void attributes_areResourceAttributesOfTheChild() throws Exception {
    assertThat(file("attributes: {environment: production, note: 'a, b=c'}").environment())
        .isEqualTo(Map.of("OTEL_RESOURCE_ATTRIBUTES", "environment=production,note=a%2C%20b%3Dc"));
  }

  @Test
  void samplingRate_isThatOfTheTraceId() throws Exception {
    assertThat(at(file("sampling: {rate: 0.25}"), "otel_traces_export", "sampler"))
        .isEqualTo(Map.of("name", "parentbased_traceidratio", "arg", "0.25"));
  }

  @Test
  void contextPropagation_isOffUnlessAskedFor() throws Exception {
    assertThat(at(file(""), "ebpf", "context_propagation")).isEqualTo("disabled");
    assertThat(at(file("context_propagation: headers"), "ebpf", "context_propagation"))
        .isEqualTo("headers");
  }

  @Test
  void otlpEndpoint_isWhereMetricsAndTracesGo_byGrpc() throws Exception {
    BeylaConfigFile file = file("otlp_endpoint: '127.0.0.1:5319'");
    for (String export : List.of("otel_metrics_export", "otel_traces_export")) {
      assertThat(at(file, export, "endpoint")).isEqualTo("http://127.0.0.1:5319");
      assertThat(at(file, export, "protocol")).isEqualTo("grpc");
    }
    assertThat(at(file(""), "otel_traces_export", "endpoint")).isEqualTo("http://127.0.0.1:4319");
  }

  @Test
  void limitsAndRetention_areCoralsOwn_andChangeNothingForTheChild() throws Exception {
    assertThat(
            file("limits: {max_traced_connections: 5, ring_buffer_size: 9},"
                    + " storage_retention_hours: 3, storage_retention_hours_traces: 4")
                .sha256())
        .isEqualTo(file("").sha256());
  }

  @Test
  void equalConfiguration_givesEqualText() throws Exception {
    String yaml =
        "attributes: {b: x, a: y}, discovery: {services: [{k8s_pod_label: {d: e, c: f}}]}";
    assertThat(file(yaml)).isEqualTo(file(yaml));
    assertThat(file(yaml).sha256()).isNotEqualTo(file("").sha256());
  }
}
