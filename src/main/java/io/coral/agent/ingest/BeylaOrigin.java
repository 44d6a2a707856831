package io.coral.agent.ingest;

import java.util.List;

/// Tells what Beyla or OBI reports from what applications send.
final class BeylaOrigin {
  /// As they stand in the JSON of a resource or of a scope. Beyla has a name of its own as an SDK,
  /// OBI first had that too and then one as a distribution; both have names of scopes.
  private static final List<String> RESOURCES =
      List.of(
          "\"telemetry.sdk.name\":\"beyla\"",
          "\"telemetry.sdk.name\":\"opentelemetry-ebpf-instrumentation\"",
          "\"telemetry.distro.name\":\"beyla\"",
          "\"telemetry.distro.name\":\"opentelemetry-ebpf-instrumentation\"");

  private static final List<String> SCOPES =
      List.of(
          "{\"name\":\"go.opentelemetry.io/obi",
          "{\"name\":\"github.com/grafana/beyla",
          "{\"name\":\"github.com/open-telemetry/opentelemetry-ebpf-instrumentation");

  private BeylaOrigin() {}

  /// @param resource JSON, see [io.coral.model.StreamSchema#SPANS]
  /// @param scope JSON
  static boolean isBeyla(String resource, String scope) {
    return RESOURCES.stream().anyMatch(resource::contains)
        || SCOPES.stream().anyMatch(scope::startsWith);
  }
}
