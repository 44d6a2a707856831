package io.coral.agent.beyla;

import io.coral.agent.beyla.EngineChoice.Observer;
import io.coral.config.BeylaConfig;
import io.coral.model.CollectorState;
import io.coral.model.ObserveRule;
import io.coral.model.ObservedProcess;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Event loop for its timer; the child belongs to the platform thread of a [ChildLoop]. Where Coral
/// itself observes it only ends a child that an agent which was killed has left behind, so that the
/// two never observe the same process.
public final class BeylaSupervisorVerticle extends VerticleBase {
  private static final long LOOK_MILLIS = 1000;

  private final BeylaConfig config;
  private final EngineChoice choice;
  private final BeylaBinary binary;
  private final Path directory;
  private final Selection selection;
  private final Map<String, String> environment;
  private final Figures figures;
  private final ChildLoop.Timing timing;
  private volatile @Nullable ChildLoop loop;

  /// What is to be observed, asked for again and again; safe on any thread.
  ///
  /// @param rules in the order in which they are tried
  /// @param observed the processes that discovery found for them
  /// @param ownPorts where Coral listens
  public record Selection(
      Supplier<List<ObserveRule>> rules,
      Supplier<List<ObservedProcess>> observed,
      Supplier<List<Integer>> ownPorts) {}

  /// @param dataDirectory of the agent; the child's files are in `beyla` below it
  /// @param environment of the agent
  public BeylaSupervisorVerticle(
      BeylaConfig config,
      EngineChoice choice,
      BeylaBinary binary,
      Path dataDirectory,
      Selection selection,
      Map<String, String> environment,
      Figures figures) {
    this(
        config,
        choice,
        binary,
        dataDirectory,
        selection,
        environment,
        figures,
        ChildLoop.Timing.USUAL);
  }

  BeylaSupervisorVerticle(
      BeylaConfig config,
      EngineChoice choice,
      BeylaBinary binary,
      Path dataDirectory,
      Selection selection,
      Map<String, String> environment,
      Figures figures,
      ChildLoop.Timing timing) {
    this.config = config;
    this.choice = choice;
    this.binary = binary;
    this.directory = dataDirectory.resolve("beyla");
    this.selection = selection;
    this.environment = Map.copyOf(environment);
    this.figures = figures;
    this.timing = timing;
  }

  @Override
  public Future<?> start() {
    if (choice.observer() != Observer.BEYLA) {
      ChildRecord record = new ChildRecord(directory.resolve("child"), Path.of("/proc"));
      return vertx.executeBlocking(
          () -> {
            ChildLoop.endOrphan(record, timing.patience());
            return "";
          },
          false);
    }
    ChildLoop started =
        new ChildLoop(
            binary.path(),
            String.join(",", BeylaConfigFile.protocols(config)),
            directory,
            timing,
            environment,
            RandomGenerator.getDefault(),
            figures);
    loop = started;
    started.want(file());
    started.start();
    vertx.setPeriodic(
        Math.min(LOOK_MILLIS, timing.debounce().toMillis()), _ -> started.want(file()));
    return Future.succeededFuture();
  }

  private BeylaConfigFile file() {
    return BeylaConfigFile.of(
        config, selection.rules().get(), selection.observed().get(), selection.ownPorts().get());
  }

  /// Whether a child observes here, rather than Coral itself.
  public boolean observes() {
    return choice.observer() == Observer.BEYLA;
  }

  /// How the child fares; safe on any thread.
  public CollectorState state() {
    ChildLoop running = loop;
    if (running != null) {
      return running.state();
    }
    return new CollectorState(
        "beyla",
        CollectorState.OFF,
        !config.enabled()
            ? "beyla.enabled is false"
            : binary.obstacle().isEmpty()
                ? "Coral's own capture observes"
                : binary.obstacle()
                    + (choice.observer() == Observer.CORAL
                        ? "; Coral's own capture takes its place"
                        : ""));
  }

  @Override
  public Future<?> stop() {
    ChildLoop running = loop;
    if (running == null) {
      return Future.succeededFuture();
    }
    Promise<Void> stopped = Promise.promise();
    running.stop(stopped::tryComplete);
    return stopped.future();
  }
}
