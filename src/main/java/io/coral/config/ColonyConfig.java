package io.coral.config;

import io.coral.model.StreamSchema;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What a colony is told, see `conf/colony.yaml` for the meaning of each key.
///
/// @param dataDirectory empty path = the default of the role
/// @param id how it calls itself
/// @param retention per stream
/// @param agents where agents are that do not register, `host:port`; a name may have several
///     addresses
/// @param cleanupPercent how full the disk may be before the oldest days are deleted early; 100 =
///     never
/// @param compressed whether days that are over are sealed: less disk, slower to read through
/// @param cluster the other nodes of the colony
/// @param traceSamplingRate fraction of the agents' traces that are kept, by trace id, 0 to 1
public record ColonyConfig(
    Path dataDirectory,
    String id,
    Address api,
    boolean insecure,
    Duration pollInterval,
    Map<StreamSchema, Duration> retention,
    double traceSamplingRate,
    List<Address> agents,
    int cleanupPercent,
    boolean compressed,
    ClusterConfig cluster) {
  public ColonyConfig {
    retention = Map.copyOf(retention);
    agents = List.copyOf(agents);
  }

  /// What holds without a file.
  public static ColonyConfig defaults() {
    try {
      return parse("defaults", "");
    } catch (ConfigException e) {
      throw new IllegalStateException("the defaults are not valid", e);
    }
  }

  /// Reads a file's content.
  ///
  /// @param file its name, for messages
  public static ColonyConfig parse(String file, String yaml) throws ConfigException {
    Section root = Section.parse(file, yaml);
    Section colony = root.section("colony");
    Path data = Path.of(colony.string("data", ""));
    String id = colony.string("id", "local");
    Address api =
        new Address(colony.string("bind", "127.0.0.1"), colony.integer("port", 9000, 0, 65535));
    boolean insecure = colony.flag("insecure", false);
    Listening.check(colony, "bind", api, insecure);
    Duration poll = colony.duration("poll_interval", Duration.ofSeconds(10), Duration.ofSeconds(1));
    List<Address> agents = new ArrayList<>();
    for (String text : colony.scalars("agents")) {
      try {
        agents.add(Address.parse(text));
      } catch (IllegalArgumentException e) {
        throw colony.refuse("agents", "agents: " + e.getMessage());
      }
    }
    colony.done();

    Section storage = root.section("storage");
    Section beyla = storage.section("beyla");
    Section retention = beyla.section("retention");
    Duration day = Duration.ofDays(1);
    Duration http = retention.duration("http_metrics", Duration.ofDays(30), day);
    Duration traces = retention.duration("traces", Duration.ofDays(7), day);
    Duration grpc = retention.duration("grpc_metrics", Duration.ofDays(30), day);
    Duration sql = retention.duration("sql_metrics", Duration.ofDays(14), day);
    Duration messaging = retention.duration("messaging_metrics", Duration.ofDays(14), day);
    retention.done();
    boolean compressed =
        beyla.choice("compression", "none", List.of("none", "zstd")).equals("zstd");
    double sampling = beyla.fraction("trace_sampling_rate", 1.0);
    beyla.done();
    Section telemetry = storage.section("telemetry");
    Section sent = telemetry.section("retention");
    Duration metrics = sent.duration("metrics", Duration.ofDays(30), day);
    Duration logs = sent.duration("logs", Duration.ofDays(7), day);
    sent.done();
    telemetry.done();
    Section disk = storage.section("disk");
    int cleanup = disk.integer("cleanup_percent", 85, 10, 100);
    disk.done();
    storage.done();
    root.notYet("ai", "");
    ClusterConfig cluster = ClusterConfig.parse(root.section("cluster"));
    root.done();
    return new ColonyConfig(
        data,
        id,
        api,
        insecure,
        poll,
        Map.of(
            StreamSchema.HTTP_METRICS,
            http,
            StreamSchema.GRPC_METRICS,
            grpc,
            StreamSchema.SQL_METRICS,
            sql,
            StreamSchema.MESSAGING_METRICS,
            messaging,
            StreamSchema.SPANS,
            traces,
            StreamSchema.METRICS,
            metrics,
            StreamSchema.LOGS,
            logs,
            StreamSchema.TRACES,
            traces,
            StreamSchema.TRACE_ALIASES,
            traces,
            StreamSchema.SERVICE_CALLS,
            http),
        sampling,
        agents,
        cleanup,
        compressed,
        cluster);
  }
}
