package io.coral.colony.cluster;

import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.config.ClassFilter;
import com.hazelcast.config.Config;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.core.HazelcastInstance;
import io.coral.config.ClusterConfig;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/// The members of a Hazelcast cluster. Its open-source edition has neither login nor encryption:
/// it is bound to one address, takes only its own members' classes, and keeps nothing that matters.
public final class HazelcastMembership implements Membership {
  private static final String NODE = "coral.node";
  private static final int PORTS = 10;

  /// How long members that do not answer are tried before a node begins without them; they merge
  /// later.
  private static final int JOIN_SECONDS = 2;

  private final HazelcastInstance hazelcast;
  private final String self;

  /// @param hazelcast started with [#config]
  public HazelcastMembership(HazelcastInstance hazelcast) {
    this.hazelcast = hazelcast;
    this.self =
        Objects.requireNonNull(hazelcast.getCluster().getLocalMember().getAttribute(NODE), NODE);
  }

  /// How Hazelcast is started.
  ///
  /// @param address of this host, on which alone it listens
  public static Config config(ClusterConfig cluster, String node, String address) {
    Config config = new Config();
    config.setClusterName(cluster.name());
    config.getMemberAttributeConfig().setAttribute(NODE, node);
    config
        .setProperty("hazelcast.phone.home.enabled", "false")
        .setProperty("hazelcast.socket.bind.any", "false")
        .setProperty("hazelcast.shutdownhook.enabled", "false")
        .setProperty("hazelcast.logging.type", "slf4j")
        .setProperty("hazelcast.heartbeat.interval.seconds", "1")
        .setProperty("hazelcast.max.no.heartbeat.seconds", "5")
        .setProperty("hazelcast.merge.first.run.delay.seconds", "5")
        .setProperty("hazelcast.merge.next.run.delay.seconds", "3")
        .setProperty("hazelcast.max.join.seconds", "20")
        .setProperty("hazelcast.wait.seconds.before.join", "0")
        .setProperty("hazelcast.partition.count", "31")
        .setProperty("hazelcast.operation.thread.count", "2")
        .setProperty("hazelcast.operation.generic.thread.count", "2")
        .setProperty("hazelcast.io.thread.count", "1")
        .setProperty("hazelcast.event.thread.count", "1")
        .setProperty("hazelcast.tcp.join.port.try.count", Integer.toString(PORTS));
    config.getMetricsConfig().setEnabled(false);
    config.getJetConfig().setEnabled(false);
    config.getSerializationConfig().setJavaSerializationFilterConfig(filter());
    // An endpoint for members alone: clients are not spoken to.
    ServerSocketEndpointConfig members =
        new ServerSocketEndpointConfig()
            .setPort(cluster.port())
            .setPortAutoIncrement(true)
            .setPortCount(PORTS)
            .setPublicAddress(null);
    members.getInterfaces().setEnabled(true).addInterface(address);
    config.getAdvancedNetworkConfig().setEnabled(true).setMemberEndpointConfig(members);
    JoinConfig join = config.getAdvancedNetworkConfig().getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    join.getTcpIpConfig()
        .setEnabled(true)
        .setConnectionTimeoutSeconds(JOIN_SECONDS)
        .setMembers(cluster.members());
    return config;
  }

  /// The classes that members exchange, failures among them; whatever else arrives is refused.
  private static JavaSerializationFilterConfig filter() {
    ClassFilter allowed = new ClassFilter();
    allowed.addPrefixes("com.hazelcast.", "io.vertx.spi.cluster.hazelcast.impl.", "[");
    allowed.addClasses(
        "java.lang.String",
        "java.lang.Boolean",
        "java.lang.Integer",
        "java.lang.Long",
        "java.lang.Number",
        "java.util.UUID",
        "java.lang.Throwable",
        "java.lang.StackTraceElement",
        "java.lang.Error",
        "java.lang.Exception",
        "java.lang.RuntimeException",
        "java.lang.ClassCastException",
        "java.lang.IllegalArgumentException",
        "java.lang.IllegalStateException",
        "java.lang.IndexOutOfBoundsException",
        "java.lang.InterruptedException",
        "java.lang.NullPointerException",
        "java.lang.SecurityException",
        "java.lang.UnsupportedOperationException",
        "java.io.EOFException",
        "java.io.IOException",
        "java.util.ArrayList",
        "java.util.Collections$EmptyList",
        "java.util.Collections$UnmodifiableCollection",
        "java.util.Collections$UnmodifiableList",
        "java.util.Collections$UnmodifiableRandomAccessList",
        "java.util.concurrent.CancellationException",
        "java.util.concurrent.CompletionException",
        "java.util.concurrent.ExecutionException",
        "java.util.concurrent.RejectedExecutionException",
        "java.util.concurrent.TimeoutException");
    return new JavaSerializationFilterConfig().setDefaultsDisabled(true).setWhitelist(allowed);
  }

  @Override
  public String self() {
    return self;
  }

  @Override
  public Set<String> members() {
    return hazelcast.getCluster().getMembers().stream()
        .map(member -> member.getAttribute(NODE))
        .filter(Objects::nonNull)
        .collect(Collectors.toSet());
  }

  @Override
  public void onChange(Runnable action) {
    hazelcast
        .getCluster()
        .addMembershipListener(
            new MembershipListener() {
              @Override
              public void memberAdded(MembershipEvent event) {
                action.run();
              }

              @Override
              public void memberRemoved(MembershipEvent event) {
                action.run();
              }
            });
  }
}
