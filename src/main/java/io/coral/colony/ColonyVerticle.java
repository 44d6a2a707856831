package io.coral.colony;

import io.coral.colony.api.ColonyApiVerticle;
import io.coral.colony.cluster.BackfillVerticle;
import io.coral.colony.cluster.Membership;
import io.coral.colony.cluster.NodeNewsVerticle;
import io.coral.colony.cluster.Nodes;
import io.coral.colony.cluster.PartVerticle;
import io.coral.colony.poll.PollVerticle;
import io.coral.colony.registry.AgentListVerticle;
import io.coral.colony.registry.Registry;
import io.coral.colony.retention.RetentionVerticle;
import io.coral.colony.trace.TraceJoinVerticle;
import io.coral.config.ColonyConfig;
import io.coral.storage.ColonyStore;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import io.coral.telemetry.Figures;
import io.coral.telemetry.ProcessUsage;
import io.coral.telemetry.RequestSeries;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The wiring of a colony. Deployed means usable: the history is open and the API answers.
public final class ColonyVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(ColonyVerticle.class);

  private final ColonyConfig config;
  private final Path dataDirectory;
  private final String version;
  private final boolean healthyAfterFirstPoll;
  private final Clock clock;
  private final Membership membership;
  private final Figures figures = new Figures();
  private final RequestSeries series = new RequestSeries(figures);
  private final List<String> deployed = new ArrayList<>();
  private WorkerExecutor writer;
  private @Nullable ColonyStore store;
  private int apiPort;

  /// @param dataDirectory of this colony alone
  /// @param membership which nodes there are; a colony may be one
  /// @param healthyAfterFirstPoll whether `/healthz` waits for the first drained agent
  public ColonyVerticle(
      ColonyConfig config,
      Path dataDirectory,
      String version,
      boolean healthyAfterFirstPoll,
      Clock clock,
      Membership membership) {
    this.config = config;
    this.dataDirectory = dataDirectory;
    this.version = version;
    this.healthyAfterFirstPoll = healthyAfterFirstPoll;
    this.clock = clock;
    this.membership = membership;
  }

  @Override
  public Future<?> start() {
    writer = vertx.createSharedWorkerExecutor(ColonyStore.WRITER, 1);
    return writer
        .executeBlocking(() -> ColonyStore.open(dataDirectory, clock, ownId()), true)
        .compose(
            opened -> {
              store = opened;
              return vertx
                  .executeBlocking(opened::agents, false)
                  .compose(known -> deployAll(opened, known));
            });
  }

  private String ownId() {
    return config.cluster().enabled() ? "colony:" + membership.self() : "colony";
  }

  private Future<?> deployAll(ColonyStore opened, List<ColonyStore.KnownAgent> known) {
    opened.losses().forEach(loss -> LOG.warn("lost: {}", loss));
    Registry registry =
        new Registry(clock, System::nanoTime, known, agent -> remember(opened, agent));
    Nodes nodes =
        new Nodes(
            membership,
            config.cluster().nodes(),
            config.cluster().replicas(),
            registry,
            new Numbers(opened),
            version,
            ThreadLocalRandom.current().nextLong(),
            System::nanoTime);
    PollVerticle poll =
        new PollVerticle(
            registry,
            nodes,
            opened,
            config.pollInterval(),
            config.traceSamplingRate(),
            figures,
            series);
    Duration freshness = config.pollInterval().plusSeconds(1).multipliedBy(3);
    PartVerticle parts = new PartVerticle(nodes, registry, opened, freshness, poll::freshen, clock);
    ColonyApiVerticle api =
        new ColonyApiVerticle(
            config,
            version,
            dataDirectory,
            opened,
            registry,
            nodes,
            parts::history,
            figures,
            series,
            clock,
            () -> !healthyAfterFirstPoll || poll.polledOnce(),
            poll::pollSoon);
    figures.gauge("coral_process_resident_bytes", ProcessUsage::residentBytes);
    figures.fraction("coral_process_cpu_seconds_total", ProcessUsage::cpuSeconds);
    figures.gauge("coral_stored_bytes", opened::storedBytes);
    figures.gauge("coral_agents", () -> registry.agents().size());
    return deploy(
            new RetentionVerticle(
                opened, config.retention(), config.cleanupPercent(), config.compressed(), figures))
        .compose(_ -> deploy(poll))
        .compose(
            _ ->
                deploy(
                    new TraceJoinVerticle(registry, opened, config.pollInterval(), figures, clock)))
        .compose(_ -> deploy(parts))
        .compose(
            _ ->
                deploy(
                    new BackfillVerticle(
                        nodes, registry, freshness, poll::store, poll::note, figures)))
        .compose(_ -> deploy(api))
        .compose(
            _ -> {
              apiPort = api.port();
              nodes.serves(config.api().withPort(apiPort).toString());
              return deploy(new NodeNewsVerticle(nodes, membership));
            })
        .compose(
            _ -> deploy(new AgentListVerticle(config.agents(), registry, poll::pollSoon, figures)));
  }

  /// What the history says of numbers.
  private record Numbers(ColonyStore store) implements Nodes.Book {
    @Override
    public Map<String, Map<StreamEpoch, KnownSeqs>> seqs() {
      return store.seqs();
    }

    @Override
    public Map<String, Map<StreamEpoch, LostSeqs>> lost() {
      return store.lost();
    }
  }

  private void remember(ColonyStore opened, ColonyStore.KnownAgent agent) {
    writer
        .executeBlocking(
            () -> {
              opened.saveAgent(agent);
              return null;
            },
            true)
        .onFailure(failure -> LOG.error("agent {} is not remembered", agent.agentId(), failure));
  }

  private Future<String> deploy(Deployable verticle) {
    return vertx.deployVerticle(verticle).onSuccess(deployed::add);
  }

  /// The port of the API.
  public int apiPort() {
    return apiPort;
  }

  @Override
  public Future<?> stop() {
    Collections.reverse(deployed);
    Future<Void> stopped = Future.succeededFuture();
    for (String id : deployed) {
      stopped = stopped.eventually(() -> vertx.undeploy(id));
    }
    return stopped.eventually(
        () ->
            writer
                .executeBlocking(
                    () -> {
                      ColonyStore opened = store;
                      if (opened != null) {
                        opened.close();
                      }
                      return null;
                    },
                    true)
                .eventually(() -> writer.close()));
  }
}
