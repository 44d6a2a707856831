package io.coral.launch;

import com.hazelcast.core.HazelcastInstance;
import io.coral.cli.ExitCode;
import io.coral.cli.StartFailure;
import io.coral.colony.cluster.HazelcastMembership;
import io.coral.colony.cluster.Membership;
import io.coral.config.ClusterConfig;
import io.coral.config.ColonyConfig;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.ObjectInputFilter;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Starts Vert.x as a member of a cluster.
record ClusterStart(Vertx vertx, Membership membership) {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterStart.class);
  private static final long START_SECONDS = 180;

  static ClusterStart start(VertxBuilder builder, VertxOptions options, ColonyConfig colony)
      throws StartFailure {
    ClusterConfig cluster = colony.cluster();
    String node = cluster.node().isEmpty() ? colony.api().toString() : cluster.node();
    if (cluster.node().isEmpty() && colony.api().port() == 0) {
      throw unusable("cluster.node is missing, and with port 0 there is no name to take instead");
    }
    InetAddress address = address(cluster.bind());
    if (!address.isLoopbackAddress()) {
      LOG.warn(
          "the cluster listens on {} without encryption or login: keep everybody else away from ports"
              + " {} to {}",
          address.getHostAddress(),
          cluster.port(),
          cluster.port() + 9);
    }
    refuseForeignClasses();
    // Vert.x's own resolver opens a UDP port that other hosts could reach.
    System.setProperty("vertx.disableDnsResolver", "true");
    // It complains of packages of the JDK that it can do without.
    System.setProperty("hazelcast.logging.type", "slf4j");
    System.setProperty(
        "org.slf4j.simpleLogger.log.com.hazelcast.instance.impl.HazelcastInstanceFactory", "error");
    options
        .getEventBusOptions()
        .setHost(address.getHostAddress())
        .setPort(0)
        .setClusterPublicHost(address.getHostAddress());
    while (true) {
      HazelcastClusterManager manager =
          new HazelcastClusterManager(
              HazelcastMembership.config(cluster, node, address.getHostAddress()));
      try {
        Vertx vertx =
            builder
                .with(options)
                .withClusterManager(manager)
                .buildClustered()
                .toCompletionStage()
                .toCompletableFuture()
                .get(START_SECONDS, TimeUnit.SECONDS);
        HazelcastInstance hazelcast = manager.getHazelcastInstance();
        return new ClusterStart(vertx, new HazelcastMembership(hazelcast));
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof IllegalStateException)) {
          throw notJoined(String.valueOf(e.getCause() == null ? e : e.getCause().getMessage()));
        }
        // Members were reached and did not answer in time: they may be just starting, too.
        LOG.warn(
            "the other members do not let this node in yet; it tries again: {}",
            e.getCause().getMessage());
      } catch (TimeoutException e) {
        throw notJoined("nothing happened for " + START_SECONDS + " s");
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw unusable("interrupted");
      }
    }
  }

  private static StartFailure notJoined(String why) {
    return new StartFailure(
        "the cluster cannot be joined", why, "see cluster: in conf/colony.yaml", ExitCode.FAILURE);
  }

  /// Of Java's own serialization, only what members of the cluster send is read: numbers, texts and
  /// failures.
  private static void refuseForeignClasses() {
    if (ObjectInputFilter.Config.getSerialFilter() == null) {
      ObjectInputFilter.Config.setSerialFilter(
          ObjectInputFilter.Config.createFilter(
              "maxdepth=20;maxarray=100000;com.hazelcast.**;java.lang.*;java.io.IOException;"
                  + "java.io.EOFException;java.util.UUID;java.util.ArrayList;java.util.Collections$*;"
                  + "java.util.concurrent.*;!*"));
    }
  }

  private static InetAddress address(String bind) throws StartFailure {
    try {
      NetworkInterface network = NetworkInterface.getByName(bind);
      if (network != null) {
        return network
            .inetAddresses()
            .filter(Inet4Address.class::isInstance)
            .findFirst()
            .orElseThrow(() -> unusable("cluster.interface: " + bind + " has no IPv4 address"));
      }
      return InetAddress.getByName(bind);
    } catch (SocketException | UnknownHostException e) {
      throw unusable("cluster.interface: " + bind + " is no address or interface of this host");
    }
  }

  private static StartFailure unusable(String why) {
    return new StartFailure(
        "the configuration cannot be used",
        why,
        "conf/agent.yaml and conf/colony.yaml document every key",
        ExitCode.USAGE);
  }
}
