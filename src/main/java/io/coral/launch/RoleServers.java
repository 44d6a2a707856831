package io.coral.launch;

import io.coral.agent.AgentIdentity;
import io.coral.agent.AgentVerticle;
import io.coral.agent.capture.CaptureState;
import io.coral.cli.ExitCode;
import io.coral.cli.Servers;
import io.coral.cli.StartFailure;
import io.coral.cli.StartOptions;
import io.coral.colony.ColonyVerticle;
import io.coral.colony.cluster.Membership;
import io.coral.colony.cluster.StaticMembership;
import io.coral.config.Address;
import io.coral.config.AgentConfig;
import io.coral.config.ColonyConfig;
import io.coral.rpc.DeadlineTransport;
import io.coral.storage.Backup;
import io.coral.storage.StorageException;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.BindException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/// Starts roles on a Vert.x instance of their own.
public final class RoleServers implements Servers {
  private static final long START_SECONDS = 60;
  private static final long STOP_SECONDS = 20;

  private final Map<String, String> environment;
  private final Path nativeDirectory;
  private final List<String> arguments;
  private final String version;
  private final Clock clock;

  /// @param arguments of this process, for the case that it must become another
  public RoleServers(
      Map<String, String> environment,
      Path nativeDirectory,
      List<String> arguments,
      String version,
      Clock clock) {
    this.environment = environment;
    this.nativeDirectory = nativeDirectory;
    this.arguments = List.copyOf(arguments);
    this.version = version;
    this.clock = clock;
  }

  @Override
  public Running start(Role role, StartOptions options) throws StartFailure {
    try {
      NativeParts.unpack(nativeDirectory);
      JvmFlags.ensure(nativeDirectory, arguments);
    } catch (IOException e) {
      throw new StartFailure(
          "the native parts cannot be unpacked",
          String.valueOf(e.getMessage()),
          "give XDG_CACHE_HOME a directory that can be written",
          ExitCode.FAILURE);
    }
    Settings settings = new Settings(options, environment);
    AgentConfig agent = role == Role.COLONY ? null : settings.agent();
    ColonyConfig colony = role == Role.AGENT ? null : settings.colony(role == Role.COLONY);
    Path data =
        settings.data(
            agent != null
                ? agent.dataDirectory()
                : colony != null ? colony.dataDirectory() : Path.of(""));
    DeadlineTransport transport = new DeadlineTransport();
    VertxOptions vertxOptions =
        new VertxOptions()
            .setEventLoopPoolSize(role == Role.UP ? 3 : 2)
            .setWorkerPoolSize(4)
            .setInternalBlockingPoolSize(2);
    VertxBuilder builder = Vertx.builder().with(vertxOptions).withTransport(transport);
    Vertx vertx;
    Membership membership;
    if (colony != null && colony.cluster().enabled()) {
      ClusterStart started = ClusterStart.start(builder, vertxOptions, colony);
      vertx = started.vertx();
      membership = started.membership();
    } else {
      vertx = builder.build();
      membership = StaticMembership.alone(colony == null ? "" : colony.id());
    }
    RunningRole running = new RunningRole(vertx, transport, data.toString());
    try {
      if (colony != null) {
        ColonyConfig effective = role == Role.UP ? Settings.fresh(colony) : colony;
        ColonyVerticle verticle =
            new ColonyVerticle(
                effective, data.resolve("colony"), version, role == Role.UP, clock, membership);
        deploy(vertx, verticle, effective.api(), data);
        running.colony = effective.api().withPort(verticle.apiPort());
      }
      if (agent != null) {
        Address itsColony = running.colony;
        AgentConfig effective =
            itsColony == null ? agent : Settings.fresh(agent, itsColony.toString());
        startAgent(vertx, effective, data, running);
      }
      return running;
    } catch (StartFailure e) {
      running.close();
      throw e;
    }
  }

  @Override
  public String restore(Path file, StartOptions options) throws StartFailure {
    Settings settings = new Settings(options, environment);
    Path directory = settings.data(settings.colony(true).dataDirectory()).resolve("colony");
    try {
      return Backup.restore(file, directory) + " files are in " + directory;
    } catch (IOException e) {
      throw new StartFailure(
          file + " cannot be imported",
          e instanceof NoSuchFileException
              ? "there is no such file"
              : String.valueOf(e.getMessage()),
          "coral colony import FILE --data DIR, where no node has its data yet",
          ExitCode.FAILURE);
    }
  }

  private void startAgent(Vertx vertx, AgentConfig config, Path data, RunningRole running)
      throws StartFailure {
    Path directory = data.resolve("agent");
    AgentIdentity identity;
    try {
      identity = AgentIdentity.load(directory);
    } catch (IOException e) {
      throw dataUnusable(data, e);
    }
    AgentVerticle verticle =
        new AgentVerticle(
            config,
            identity,
            directory,
            nativeDirectory,
            version,
            running.transport::closedConnections,
            clock);
    deploy(vertx, verticle, config.api(), data);
    running.agent = config.api().withPort(verticle.apiPort());
    CaptureState capture = verticle.observing();
    // Without a rule the agent is of use all the same: it answers, and can be told what to observe.
    if (!config.beyla().rules().isEmpty() && capture.state().equals("failed")) {
      boolean rights = capture.reason().startsWith("privileges");
      throw new StartFailure(
          "nothing can be observed on this host",
          capture.reason(),
          rights
              ? "start it as root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE; see coral doctor"
              : "coral doctor says what is missing and how to get it",
          rights ? ExitCode.PERMISSION : ExitCode.FAILURE);
    }
  }

  private static void deploy(Vertx vertx, Deployable verticle, Address address, Path data)
      throws StartFailure {
    Future<String> deployed = vertx.deployVerticle(verticle);
    try {
      deployed.toCompletionStage().toCompletableFuture().get(START_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw failure(e.getCause() == null ? e : e.getCause(), address, data);
    } catch (TimeoutException e) {
      throw failure(e, address, data);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure(e, address, data);
    }
  }

  private static StartFailure failure(Throwable cause, Address address, Path data) {
    for (Throwable each = cause; each != null; each = each.getCause()) {
      // The native transport has an exception of its own, which names neither address nor port.
      boolean nameless = String.valueOf(each.getMessage()).startsWith("bind(..) failed");
      if (nameless || each instanceof BindException) {
        return new StartFailure(
            "a port cannot be opened",
            (nameless ? address + ": " : "") + each.getMessage(),
            "stop what uses the port, or choose others: --port, --agent-port, --otlp-grpc, --otlp-http",
            ExitCode.FAILURE);
      }
    }
    if (cause instanceof StorageException storage) {
      return dataUnusable(data, storage);
    }
    return new StartFailure(
        "the start failed", String.valueOf(cause), "coral doctor", ExitCode.FAILURE);
  }

  private static StartFailure dataUnusable(Path data, Exception cause) {
    String why = String.valueOf(cause.getMessage());
    boolean locked = why.contains("Could not set lock");
    boolean denied = cause instanceof AccessDeniedException || why.contains("Permission denied");
    return new StartFailure(
        "the data in " + data + " cannot be used",
        locked ? "another Coral process uses them" : why.lines().findFirst().orElse(why),
        locked
            ? "stop the other process, or give this one --data"
            : "give --data a directory that can be written",
        denied ? ExitCode.PERMISSION : ExitCode.FAILURE);
  }

  private static final class RunningRole implements Running {
    private final Vertx vertx;
    private final DeadlineTransport transport;
    private final String dataDirectory;
    private final CountDownLatch terminated = new CountDownLatch(1);
    private final AtomicBoolean closing = new AtomicBoolean();
    private volatile @org.jspecify.annotations.Nullable Address agent;
    private volatile @org.jspecify.annotations.Nullable Address colony;

    RunningRole(Vertx vertx, DeadlineTransport transport, String dataDirectory) {
      this.vertx = vertx;
      this.transport = transport;
      this.dataDirectory = dataDirectory;
    }

    @Override
    public String agentUrl() {
      Address known = agent;
      return known == null ? "" : "http://" + known;
    }

    @Override
    public String colonyUrl() {
      Address known = colony;
      return known == null ? "" : "http://" + known;
    }

    @Override
    public String dataDirectory() {
      return dataDirectory;
    }

    @Override
    public void awaitTermination() throws InterruptedException {
      terminated.await();
    }

    @Override
    public void close() {
      if (!closing.compareAndSet(false, true)) {
        return;
      }
      try {
        vertx.close().toCompletionStage().toCompletableFuture().get(STOP_SECONDS, TimeUnit.SECONDS);
      } catch (ExecutionException | TimeoutException e) {
        throw new IllegalStateException("the stop was not orderly", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        terminated.countDown();
      }
    }
  }
}
