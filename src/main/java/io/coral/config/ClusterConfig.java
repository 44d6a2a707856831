package io.coral.config;

import java.util.List;

/// How a colony's node finds the others, see `conf/colony.yaml`.
///
/// @param enabled whether there may be others
/// @param name of the cluster; nodes of another name are not spoken to
/// @param node name of this node, empty = host and port of the API
/// @param bind address of this host, or the name of a network interface
/// @param port for the members of the cluster; the next nine are tried when it is taken
/// @param members `host` or `host:port`, of some of the others or of all
/// @param replicas how many nodes pull each agent, 1 to 5
public record ClusterConfig(
    boolean enabled,
    String name,
    String node,
    String bind,
    int port,
    List<String> members,
    int replicas) {
  public ClusterConfig {
    members = List.copyOf(members);
  }

  static ClusterConfig parse(Section cluster) throws ConfigException {
    boolean enabled = cluster.flag("enabled", false);
    String name = cluster.string("name", "coral");
    String node = cluster.string("node", "");
    String bind = cluster.string("interface", "127.0.0.1");
    int port = cluster.integer("port", 5701, 1, 65_525);
    List<String> members = cluster.scalars("members");
    int replicas = cluster.integer("replicas", 2, 1, 5);
    cluster.done();
    return new ClusterConfig(
        enabled, name, node, bind, port, members.isEmpty() ? List.of(bind) : members, replicas);
  }

  /// How many nodes there are at the least, this one among them.
  public int nodes() {
    return enabled ? Math.max(2, members.size()) : 1;
  }

  /// The same with other nodes allowed or not.
  public ClusterConfig withEnabled(boolean asked) {
    return new ClusterConfig(asked, name, node, bind, port, members, replicas);
  }
}
