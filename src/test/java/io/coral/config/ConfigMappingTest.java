package io.coral.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coral.model.ObserveRule;
import io.coral.model.StreamSchema;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConfigMappingTest {
  @Test
  void shippedAgentFile_differsFromTheDefaults_onlyInTheOtlpAddresses() throws Exception {
    AgentConfig file =
        AgentConfig.parse("conf/agent.yaml", Files.readString(Path.of("conf/agent.yaml")));
    AgentConfig defaults = AgentConfig.defaults();
    assertThat(file.otlpGrpc()).isEqualTo(Address.parse("0.0.0.0:4317"));
    assertThat(file.otlpInsecure()).isTrue();
    assertThat(file.api()).isEqualTo(defaults.api());
    assertThat(file.beyla()).isEqualTo(defaults.beyla());
    assertThat(file.spanFilter()).isEqualTo(defaults.spanFilter());
    assertThat(file.otlpRetention()).isEqualTo(defaults.otlpRetention());
    assertThat(file.notes()).isEmpty();
    assertThat(file.flushInterval()).isEqualTo(defaults.flushInterval());
    assertThat(file.heartbeatInterval()).isEqualTo(defaults.heartbeatInterval());
    assertThat(defaults.otlpGrpc().isLoopback()).isTrue();
  }

  @Test
  void shippedColonyFile_saysWhatTheDefaultsAre() throws Exception {
    ColonyConfig file =
        ColonyConfig.parse("conf/colony.yaml", Files.readString(Path.of("conf/colony.yaml")));
    assertThat(file).isEqualTo(ColonyConfig.defaults());
    assertThat(file.retention().get(StreamSchema.TRACES)).isEqualTo(Duration.ofDays(7));
    assertThat(file.retention().get(StreamSchema.LOGS)).isEqualTo(Duration.ofDays(7));
    assertThat(file.retention().get(StreamSchema.METRICS)).isEqualTo(Duration.ofDays(30));
    assertThat(file.retention().keySet()).containsAll(StreamSchema.ALL);
  }

  @Test
  void seedsExcerpt_withWhatWorks_isRead() throws Exception {
    AgentConfig config =
        AgentConfig.parse(
            "a.yaml",
            """
            beyla:
              enabled: true
              discovery:
                services:
                  - name: "checkout-api"
                    open_port: 8080
                  - exe: nginx
                  - pid: 4242
              protocols:
                http:
                  enabled: true
                  capture_headers: false
                  route_patterns:
                    - "/api/v1/users/:id"
                grpc:
                  enabled: true
                sql:
                  enabled: true
                  obfuscate_queries: true
              attributes:
                environment: "production"
              sampling:
                rate: 0.5
              limits:
                max_traced_connections: 1000
                ring_buffer_size: 65536
            """);
    assertThat(config.beyla().rules())
        .containsExactly(
            new ObserveRule("checkout-api", 8080, 0, ""),
            new ObserveRule("", 0, 0, "nginx"),
            new ObserveRule("", 0, 4242, ""));
    assertThat(config.beyla().attributes()).containsEntry("environment", "production");
    assertThat(config.beyla().samplingRate()).isEqualTo(0.5);
    assertThat(config.notes()).hasSize(2).allMatch(note -> note.contains("not captured yet"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "agent: {prot: 1}|a.yaml:1:9: unknown key agent.prot (did you mean port?)",
        "agent: {port: high}|a.yaml:1:15: agent.port: \"high\" (expected: a whole number from 0 to 65535)",
        "agent: {port: 70000}|expected: a whole number from 0 to 65535",
        "agent: [1]|(expected: a mapping)",
        "agent: {flush_interval: 5}|expected: a duration such as 30s",
        "agent: {flush_interval: 10ms}|at least 1s",
        "agent: {bind: 0.0.0.0}|reachable from other hosts",
        "telemetry: {grpc_endpoint: x}|expected: host:port",
        "beyla: {enabled: maybe}|expected: true or false",
        "beyla: {engine: bela}|(expected: auto or coral or beyla)",
        "beyla: {binry: /x}|did you mean binary?",
        "beyla: {otlp_endpoint: '0.0.0.0:4319'}|expected: a loopback address",
        "beyla: {otlp_endpoint: here}|expected: host:port",
        "beyla: {context_propagation: both}|expected: disabled or headers or tcp or all",
        "beyla: {limits: {max_traced_connections: 0}}|a whole number from 1",
        "beyla: {protocols: {sql: {obfuscate_query: true}}}|(did you mean obfuscate_queries?)",
        "telemetry: {filters: {sample_rate: 7}}|a number from 0 to 1",
        "telemetry: {filters: {high_latency_threshold_ms: -1}}|a number from 0",
        "telemetry: {filters: {sample: 1}}|unknown key telemetry.filters.sample",
        "telemetry: {storage_retention_hours: 0}|a whole number from 1 to 168",
        "beyla: {sampling: {rate: 2}}|a number from 0 to 1",
        "beyla: {discovery: {mode: some}}|(expected: rules or all)",
        "beyla: {discovery: {services: [{name: a, k8s_owner_name: b}]}}|unknown key",
        "beyla: {discovery: {services: [{open_ports: 90-80}]}}|the lower first",
        "beyla: {discovery: {services: [{open_ports: 80+90}]}}|ports and ranges such as",
        "beyla: {discovery: {services: [{open_ports: 80, open_port: 80}]}}|one of them",
        "beyla: {discovery: {services: [{exe: a, exe_path: b}]}}|exe and exe_path (expected: one of them)",
        "beyla: {discovery: {services: [{exe_path: '/opt/[a'}]}}|each [ with its ]",
        "beyla: {discovery: {services: [{cmdline: '(a'}]}}|a.yaml:1:42: cmdline: \"(a\" (expected: a regular expression)",
        "beyla: {discovery: {services: [{name: a}]}}|a rule selects nothing",
        "beyla: {discovery: {services: [{pid: 1}]}}|a whole number from 2",
        "beyla: {discovery: {services: a}}|(expected: a list)",
        "'a: 1\na: 2'|stands twice",
      })
  void mistake_inAnAgentFile_isToldWithItsPlace(String yaml, String message) {
    assertThatThrownBy(() -> AgentConfig.parse("a.yaml", yaml.replace("\\n", "\n")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "storage: {beyla: {retention: {http_metric: 3d}}}|did you mean http_metrics?",
        "storage: {beyla: {retention: {traces: 3h}}}|at least 1d",
        "storage: {beyla: {compression: gzip}}|none or zstd",
        "storage: {telemetry: {retention: {log: 3d}}}|did you mean logs?",
        "storage: {telemetry: {retention: {metrics: 3h}}}|at least 1d",
        "storage: {telemetry: {x: 1}}|unknown key storage.telemetry.x",
        "ai: {x: 1}|ai is not supported yet",
        "colony: {bind: 10.0.0.1}|reachable from other hosts",
      })
  void mistake_inAColonyFile_isToldWithItsPlace(String yaml, String message) {
    assertThatThrownBy(() -> ColonyConfig.parse("c.yaml", yaml))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @Test
  void wholeBeylaSection_isRead() throws Exception {
    BeylaConfig beyla =
        AgentConfig.parse(
                "a.yaml",
                """
                beyla:
                  engine: beyla
                  binary: /opt/beyla
                  discovery:
                    mode: all
                    services:
                      - name: checkout
                        open_ports: [80, "8080-8089"]
                        exe_path: "/opt/*/bin/{a,b}"
                        cmdline: "--role[= ]api"
                        k8s_pod_name: "checkout-*"
                        k8s_namespace: prod
                        k8s_pod_label:
                          app: payments
                      - open_ports: "443,8443"
                  protocols:
                    http: {capture_headers: true}
                    sql: {obfuscate_queries: false}
                    kafka: {enabled: false}
                  context_propagation: headers
                  limits: {max_traced_connections: 7, ring_buffer_size: 100}
                  otlp_endpoint: "127.0.0.1:5319"
                  storage_retention_hours: 2
                  storage_retention_hours_traces: 3
                """)
            .beyla();
    assertThat(beyla.engine()).isEqualTo(Engine.BEYLA);
    assertThat(beyla.binary()).isEqualTo("/opt/beyla");
    assertThat(beyla.rules())
        .extracting(ObserveRule::text)
        .containsExactly(
            "checkout=:80,8080-8089 exe_path:/opt/*/bin/{a,b} cmdline:--role[= ]api"
                + " k8s_pod_name:checkout-* k8s_namespace:prod k8s_pod_label:app=payments",
            ":443,8443",
            ":1-65535");
    assertThat(beyla.captureHeaders()).isTrue();
    assertThat(beyla.obfuscateQueries()).isFalse();
    assertThat(beyla.protocols())
        .containsExactlyInAnyOrder(
            BeylaConfig.Protocol.HTTP,
            BeylaConfig.Protocol.GRPC,
            BeylaConfig.Protocol.SQL,
            BeylaConfig.Protocol.REDIS);
    assertThat(beyla.contextPropagation()).isEqualTo("headers");
    assertThat(beyla.maxConnections()).isEqualTo(7);
    assertThat(beyla.ringRecords()).isEqualTo(100);
    assertThat(beyla.otlpEndpoint()).isEqualTo(Address.parse("127.0.0.1:5319"));
    assertThat(beyla.metricsRetention()).isEqualTo(Duration.ofHours(2));
    assertThat(beyla.tracesRetention()).isEqualTo(Duration.ofHours(3));
  }

  @Test
  void telemetryFilters_areRead_andKeepEverythingInUp() throws Exception {
    AgentConfig config =
        AgentConfig.parse(
            "a.yaml",
            "telemetry: {storage_retention_hours: 5, filters: {always_capture_errors: false,"
                + " high_latency_threshold_ms: 250.5, sample_rate: 0.2}}");
    assertThat(config.otlpRetention()).isEqualTo(Duration.ofHours(5));
    assertThat(config.spanFilter()).isEqualTo(new SpanFilterConfig(false, 250.5, 0.2));
    assertThat(config.spanFilter().keepingAll().sampleRate()).isEqualTo(1);
    assertThat(AgentConfig.defaults().spanFilter()).isEqualTo(new SpanFilterConfig(true, 500, 0.1));
  }

  @Test
  void brokenYaml_isToldWithItsPlace() {
    assertThatThrownBy(() -> AgentConfig.parse("a.yaml", "agent:\n  port: [1\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("a.yaml:");
  }

  @Test
  void retention_ofEachStream_isThatOfItsKey() throws Exception {
    AgentConfig config =
        AgentConfig.parse(
            "a.yaml",
            "telemetry: {storage_retention_hours: 2}\n"
                + "beyla: {storage_retention_hours: 3, storage_retention_hours_traces: 4}");
    config
        .retention()
        .forEach(
            (schema, kept) ->
                assertThat(kept.toHours())
                    .describedAs(schema.name())
                    .isEqualTo(
                        schema.name().endsWith("_metrics")
                            ? 3
                            : schema.name().startsWith("trace") ? 4 : 2));
    assertThat(config.retention()).containsOnlyKeys(StreamSchema.ALL);
  }

  @Test
  void diskMarks_thatCross_areRefused() throws Exception {
    assertThat(AgentConfig.defaults().diskMarks()).isEqualTo(new DiskMarks(85, 95, 1L << 30));
    assertThat(AgentConfig.parse("a", "storage: {disk: {cleanup_percent: 97}}").diskMarks())
        .isEqualTo(new DiskMarks(97, 97, 1L << 30));
    assertThatThrownBy(() -> AgentConfig.parse("a", "storage: {disk: {refuse_percent: 80}}"))
        .hasMessageContaining("expected: at least cleanup_percent, 85");
  }
}
