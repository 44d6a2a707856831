package io.coral.colony.api;

import io.coral.answer.CommonRoutes;
import io.coral.answer.History;
import io.coral.answer.JaegerRoutes;
import io.coral.answer.QueryHandlers;
import io.coral.colony.cluster.Nodes;
import io.coral.colony.registry.Introductions;
import io.coral.colony.registry.Registry;
import io.coral.config.ColonyConfig;
import io.coral.rpc.RpcClient;
import io.coral.rpc.RpcCode;
import io.coral.rpc.RpcException;
import io.coral.rpc.RpcServer;
import io.coral.rpc.RpcService;
import io.coral.rpc.colony.v1.AgentInfo;
import io.coral.rpc.colony.v1.ColonyProto;
import io.coral.rpc.colony.v1.ColonyStatus;
import io.coral.rpc.colony.v1.ListAgentsRequest;
import io.coral.rpc.colony.v1.ListAgentsResponse;
import io.coral.rpc.mesh.v1.EbpfCapabilities;
import io.coral.rpc.mesh.v1.GetStatusRequest;
import io.coral.rpc.mesh.v1.HeartbeatRequest;
import io.coral.rpc.mesh.v1.HeartbeatResponse;
import io.coral.rpc.mesh.v1.MeshProto;
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.rpc.mesh.v1.RegisterResponse;
import io.coral.rpc.mesh.v1.ServiceInfo;
import io.coral.storage.ColonyStore;
import io.coral.telemetry.Figures;
import io.coral.telemetry.ProcessUsage;
import io.coral.telemetry.RequestSeries;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.http.HttpServer;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Event loop; whatever reads the database runs on a worker.
public final class ColonyApiVerticle extends VerticleBase {

  private final ColonyConfig config;
  private final String version;
  private final Path dataDirectory;
  private final ColonyStore store;
  private final Registry registry;
  private final Nodes nodes;
  private final Supplier<History> histories;
  private final Figures figures;
  private final RequestSeries series;
  private final Clock clock;
  private final BooleanSupplier serving;
  private final Consumer<String> registered;
  private final long startedUnixNanos;
  private @Nullable RpcClient client;
  private @Nullable Introductions introductions;
  private int port;

  /// @param histories gives what all nodes have, for one answer each
  /// @param serving whether `/healthz` is 200; safe on any thread
  /// @param registered told the id of each agent that registers, or is heard of although polls of
  ///     it fail
  public ColonyApiVerticle(
      ColonyConfig config,
      String version,
      Path dataDirectory,
      ColonyStore store,
      Registry registry,
      Nodes nodes,
      Supplier<History> histories,
      Figures figures,
      RequestSeries series,
      Clock clock,
      BooleanSupplier serving,
      Consumer<String> registered) {
    this.config = config;
    this.version = version;
    this.dataDirectory = dataDirectory;
    this.store = store;
    this.registry = registry;
    this.nodes = nodes;
    this.histories = histories;
    this.figures = figures;
    this.series = series;
    this.clock = clock;
    this.serving = serving;
    this.registered = registered;
    this.startedUnixNanos = nowNanos();
  }

  @Override
  public Future<?> start() {
    RpcService mesh = new RpcService(MeshProto.getDescriptor().findServiceByName("MeshService"));
    mesh.unary(
            "Register",
            RegisterRequest.getDefaultInstance(),
            RegisterResponse.getDefaultInstance(),
            this::register)
        .unary(
            "Heartbeat",
            HeartbeatRequest.getDefaultInstance(),
            HeartbeatResponse.getDefaultInstance(),
            request -> Future.succeededFuture(heartbeat(request)));
    RpcService colony =
        new RpcService(ColonyProto.getDescriptor().findServiceByName("ColonyService"));
    RpcClient toAgents = new RpcClient(vertx);
    client = toAgents;
    introductions = new Introductions(toAgents, registry, registered, figures);
    AgentTraces finder = new AgentTraces(vertx, toAgents, registry);
    new QueryHandlers(vertx, histories, finder, this::observedServices, clock)
        .bind(colony)
        .unary(
            "GetStatus",
            GetStatusRequest.getDefaultInstance(),
            ColonyStatus.getDefaultInstance(),
            _ -> status())
        .unary(
            "ListAgents",
            ListAgentsRequest.getDefaultInstance(),
            ListAgentsResponse.getDefaultInstance(),
            _ -> vertx.executeBlocking(this::agents, false));
    RpcServer server = new RpcServer(vertx, List.of(mesh, colony), serving);
    CommonRoutes routes =
        new CommonRoutes(
            vertx, dataDirectory.resolve("tmp"), ColonyStore.FILE_NAME, store::snapshot);
    routes.mount(server, figures, series, serving, this::status);
    WorkerExecutor writer = vertx.createSharedWorkerExecutor(ColonyStore.WRITER, 1);
    server.get(
        "/backup",
        request ->
            routes.send(
                request,
                ".zip",
                file ->
                    writer.executeBlocking(
                        () -> {
                          store.backup(file);
                          return null;
                        },
                        true)));
    new JaegerRoutes(vertx, histories, finder, clock).mount(server);
    return server.listen(config.api().host(), config.api().port()).onSuccess(this::listening);
  }

  @Override
  public Future<?> stop() {
    RpcClient open = client;
    return open == null ? Future.succeededFuture() : open.close();
  }

  private void listening(HttpServer server) {
    port = server.actualPort();
  }

  /// The port that was opened.
  public int port() {
    return port;
  }

  private HeartbeatResponse heartbeat(HeartbeatRequest request) {
    boolean known = registry.heartbeat(request.getAgentId(), request.getServicesList());
    if (known && registry.pollsFail(request.getAgentId())) {
      registered.accept(request.getAgentId());
    }
    return HeartbeatResponse.newBuilder().setOk(known).build();
  }

  private Future<RegisterResponse> register(RegisterRequest request) {
    if (request.getAgentId().isBlank() || request.getAgentId().length() > 128) {
      throw new RpcException(RpcCode.INVALID_ARGUMENT, "agent_id is missing or too long");
    }
    if (!request.getApiEndpoint().matches("[^\\s/]{1,255}:\\d{1,5}")) {
      throw new RpcException(
          RpcCode.INVALID_ARGUMENT,
          "api_endpoint: \"" + request.getApiEndpoint() + "\" (expected: host:port)");
    }
    if (!request.getColonyId().isEmpty() && !request.getColonyId().equals(config.id())) {
      return Future.succeededFuture(
          RegisterResponse.newBuilder().setAccepted(false).setReason("wrong_colony").build());
    }
    return Objects.requireNonNull(introductions, "not started")
        .register(request)
        .map(
            elsewhere -> {
              if (!elsewhere.isEmpty()) {
                return RegisterResponse.newBuilder()
                    .setAccepted(false)
                    .setReason("agent id " + request.getAgentId() + " is in use at " + elsewhere)
                    .build();
              }
              var now = clock.instant();
              return RegisterResponse.newBuilder()
                  .setAccepted(true)
                  .setRegisteredAt(
                      com.google.protobuf.Timestamp.newBuilder()
                          .setSeconds(now.getEpochSecond())
                          .setNanos(now.getNano()))
                  .build();
            });
  }

  private List<String> observedServices() {
    return registry.agents().stream()
        .flatMap(agent -> agent.services().stream())
        .map(ServiceInfo::getName)
        .toList();
  }

  private Future<ColonyStatus> status() {
    return vertx.executeBlocking(
        () ->
            ColonyStatus.newBuilder()
                .setColonyId(config.id())
                .setVersion(version)
                .setStartedUnixNanos(startedUnixNanos)
                .setAgentsTotal(registry.agents().size())
                .setAgentsHealthy(
                    (int)
                        registry.agents().stream()
                            .filter(agent -> registry.health(agent) == Registry.Health.HEALTHY)
                            .count())
                .putAllCounters(figures.all())
                .setCpuSeconds(ProcessUsage.cpuSeconds())
                .setResidentBytes(ProcessUsage.residentBytes())
                .setStoredBytes(store.storedBytes())
                .addAllLosses(store.losses())
                .addAllLosses(store.gaps())
                .addAllNodes(nodes.status())
                .build(),
        false);
  }

  private ListAgentsResponse agents() {
    Map<String, Long> rows = store.rowsByAgent();
    ListAgentsResponse.Builder response = ListAgentsResponse.newBuilder();
    for (Registry.Agent agent : registry.agents()) {
      RegisterRequest introduction = agent.introduction();
      response.addAgents(
          AgentInfo.newBuilder()
              .setAgentId(agent.id())
              .setDisplayName(introduction.getDisplayName())
              .setEndpoint(agent.endpoint())
              .setVersion(introduction.getVersion())
              .setStatus(registry.health(agent).label())
              .setLastSeenUnixNanos(registry.unixNanos(agent.seenNanos()))
              .setLastPollUnixNanos(agent.drained() ? registry.unixNanos(agent.drainedNanos()) : 0)
              .setLastError(agent.lastError())
              .setCapabilities(introduction.getEbpfCapabilities())
              .setLimitation(limitation(introduction))
              .setRows(rows.getOrDefault(agent.id(), 0L))
              .addAllOwners(nodes.owners(agent.id()))
              .addAllHolders(nodes.holders(agent.id())));
    }
    return response.build();
  }

  private static String limitation(RegisterRequest introduction) {
    EbpfCapabilities capabilities = introduction.getEbpfCapabilities();
    return capabilities.getSupported()
        ? ""
        : "⚠️ "
            + introduction.getDisplayName()
            + ": Beyla limited (kernel "
            + capabilities.getKernelVersion()
            + "), nothing is captured: "
            + capabilities.getReason();
  }

  private long nowNanos() {
    var now = clock.instant();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }
}
