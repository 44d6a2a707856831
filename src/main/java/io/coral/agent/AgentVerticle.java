package io.coral.agent;

import io.coral.agent.aggregate.AggregateVerticle;
import io.coral.agent.api.AgentApiVerticle;
import io.coral.agent.api.AgentFacts;
import io.coral.agent.beyla.BeylaBinary;
import io.coral.agent.beyla.BeylaSupervisorVerticle;
import io.coral.agent.beyla.EngineChoice;
import io.coral.agent.beyla.EngineChoice.Observer;
import io.coral.agent.capture.CaptureState;
import io.coral.agent.capture.CaptureVerticle;
import io.coral.agent.discovery.DiscoveryVerticle;
import io.coral.agent.exchange.ExchangeVerticle;
import io.coral.agent.ingest.BeylaIntake;
import io.coral.agent.ingest.LeftPayloads;
import io.coral.agent.ingest.OtlpIntake;
import io.coral.agent.ingest.OtlpReceiverVerticle;
import io.coral.agent.ingest.RowIntake;
import io.coral.agent.ingest.SpanIntake;
import io.coral.agent.kernel.KernelSupport;
import io.coral.agent.registration.RegistrationVerticle;
import io.coral.agent.trace.TraceVerticle;
import io.coral.bus.Topics;
import io.coral.config.Address;
import io.coral.config.AgentConfig;
import io.coral.config.BeylaConfig;
import io.coral.model.CollectorState;
import io.coral.model.ObservedProcess;
import io.coral.model.TargetChange;
import io.coral.rpc.mesh.v1.BeylaCapabilities;
import io.coral.rpc.mesh.v1.EbpfCapabilities;
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.rpc.mesh.v1.ServiceInfo;
import io.coral.storage.AgentStorageVerticle;
import io.coral.storage.AgentStore;
import io.coral.telemetry.Audit;
import io.coral.telemetry.Figures;
import io.coral.telemetry.ProcessUsage;
import io.coral.telemetry.RequestSeries;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The wiring of an agent. Deployed means usable: the store is open, the programs are attached or
/// the reason why not is known, and the API answers.
public final class AgentVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(AgentVerticle.class);
  private static final int DRAIN_ATTEMPTS = 400;
  private static final long DRAIN_MILLIS = 5;

  /// Two intervals of its metrics, and some.
  private static final Duration BEYLA_REPORTS_AFTER = Duration.ofSeconds(25);

  private final AgentConfig config;
  private final AgentIdentity identity;
  private final Path dataDirectory;
  private final Path nativeDirectory;
  private final String version;
  private final LongSupplier slowHeads;
  private final Clock clock;
  private final Figures figures = new Figures();
  private final RequestSeries series = new RequestSeries(figures);
  private final List<String> deployed = new ArrayList<>();
  private @Nullable Topics topics;
  private @Nullable CaptureVerticle capture;
  private @Nullable BeylaSupervisorVerticle supervisor;
  private @Nullable AgentStorageVerticle storage;
  private int apiPort;

  /// @param dataDirectory of this agent alone
  /// @param nativeDirectory where the native parts are
  /// @param slowHeads how many connections were closed because a head did not come to its end
  public AgentVerticle(
      AgentConfig config,
      AgentIdentity identity,
      Path dataDirectory,
      Path nativeDirectory,
      String version,
      LongSupplier slowHeads,
      Clock clock) {
    this.config = config;
    this.identity = identity;
    this.dataDirectory = dataDirectory;
    this.nativeDirectory = nativeDirectory;
    this.version = version;
    this.slowHeads = slowHeads;
    this.clock = clock;
  }

  @Override
  public Future<?> start() {
    var now = clock.instant();
    long startedUnixNanos = now.getEpochSecond() * 1_000_000_000L + now.getNano();
    return vertx
        .executeBlocking(
            () ->
                AgentStore.open(dataDirectory, clock, new LeftPayloads(config.spanFilter(), clock)),
            false)
        .compose(
            store ->
                vertx
                    .executeBlocking(this::lookAtHost, false)
                    .compose(host -> deployAll(store, host, startedUnixNanos)));
  }

  /// What can observe here.
  private record Host(KernelSupport support, BeylaBinary binary, EngineChoice choice) {}

  private Host lookAtHost() {
    KernelSupport support = KernelSupport.probe(nativeDirectory);
    BeylaBinary binary =
        BeylaBinary.find(
            config.beyla(),
            new BeylaBinary.Host(
                System.getenv().getOrDefault("PATH", ""),
                support.kernelVersion(),
                !support.lacksPrivileges()));
    String ownObstacle = support.tier().isPresent() ? "" : support.obstacle();
    return new Host(support, binary, EngineChoice.of(config.beyla(), ownObstacle, binary));
  }

  private Future<?> deployAll(AgentStore store, Host host, long startedUnixNanos) {
    KernelSupport support = host.support();
    EngineChoice choice = host.choice();
    store.losses().forEach(loss -> LOG.warn("lost: {}", loss));
    BeylaConfig beyla = config.beyla();
    if (choice.observer() == Observer.CORAL) {
      config.notes().forEach(note -> LOG.warn("{}", note));
    }
    if (beyla.enabled() && !choice.reason().isEmpty()) {
      LOG.warn("{}", choice.reason());
    }
    Audit.log(
        "engine_chosen",
        "engine",
        beyla.engine().name().toLowerCase(Locale.ROOT),
        "observer",
        choice.observer().name().toLowerCase(Locale.ROOT),
        "reason",
        choice.reason());
    Topics topics = Topics.of(vertx);
    this.topics = topics;
    DiscoveryVerticle discovery =
        new DiscoveryVerticle(
            this::applyTarget,
            beyla.rules(),
            choice.observer().name().toLowerCase(Locale.ROOT),
            Path.of("/proc"),
            (int) ProcessHandle.current().pid(),
            figures);
    CaptureVerticle capture =
        new CaptureVerticle(
            topics,
            discovery.directory(),
            figures,
            support,
            nativeDirectory,
            !beyla.enabled()
                ? "beyla.enabled is false"
                : choice.observer() == Observer.BEYLA ? "Beyla observes" : "",
            beyla.ringRecords(),
            beyla.maxConnections());
    this.capture = capture;
    BeylaSupervisorVerticle supervisor =
        new BeylaSupervisorVerticle(
            beyla,
            choice,
            host.binary(),
            dataDirectory,
            new BeylaSupervisorVerticle.Selection(
                discovery::rules, discovery::observed, this::ownPorts),
            System.getenv(),
            figures);
    this.supervisor = supervisor;
    ExchangeVerticle exchange =
        new ExchangeVerticle(topics, discovery.directory(), figures, clock, beyla.captureHeaders());
    AggregateVerticle aggregate =
        new AggregateVerticle(
            topics,
            discovery.directory(),
            figures,
            config,
            choice.observer() == Observer.BEYLA ? BEYLA_REPORTS_AFTER : Duration.ZERO,
            clock);
    TraceVerticle trace =
        new TraceVerticle(topics, discovery.directory(), figures, config, capture::lostExchanges);
    AgentStorageVerticle storage =
        new AgentStorageVerticle(
            topics, store, config.retention(), config.diskMarks(), figures, series);
    this.storage = storage;
    RegistrationVerticle registration =
        new RegistrationVerticle(
            config.colonies(),
            config.heartbeatInterval(),
            () -> introduction(support, observing(), discovery.observed()));
    AgentFacts facts =
        new AgentFacts(
            identity.id(),
            identity.displayName(),
            version,
            startedUnixNanos,
            dataDirectory,
            () -> capabilities(support, observing()),
            this::collectors,
            config.colonies().isEmpty() ? () -> "none" : registration::state);
    AgentApiVerticle api =
        new AgentApiVerticle(config.api(), facts, store, discovery, topics, figures, series, clock);
    OtlpIntake intake =
        new OtlpIntake(
            new SpanIntake(storage, topics.spans(), config.spanFilter(), false, figures, clock),
            RowIntake.ofMetrics(storage, figures, clock),
            RowIntake.ofLogs(storage, figures, clock));
    BeylaIntake beylaIntake =
        new BeylaIntake(
            new SpanIntake(storage, topics.spans(), config.spanFilter(), true, figures, clock),
            topics.observed(),
            figures,
            clock);
    ownFigures(topics);

    // From the end of the pipeline to its beginning, so that nothing is published that nobody
    // takes.
    Future<?> all =
        deploy(storage)
            .compose(_ -> deploy(trace))
            .compose(_ -> deploy(aggregate))
            .compose(_ -> deploy(exchange))
            .compose(_ -> deploy(capture))
            .compose(_ -> deploy(discovery))
            .compose(_ -> deploy(api))
            .onSuccess(_ -> apiPort = api.port());
    List<OtlpReceiverVerticle.Port> ports = new ArrayList<>();
    if (config.otlpEnabled()) {
      ports.add(new OtlpReceiverVerticle.Port(config.otlpGrpc(), intake));
      ports.add(new OtlpReceiverVerticle.Port(config.otlpHttp(), intake));
    }
    if (choice.observer() == Observer.BEYLA) {
      ports.add(new OtlpReceiverVerticle.Port(beyla.otlpEndpoint(), beylaIntake));
    }
    if (!ports.isEmpty()) {
      all = all.compose(_ -> deploy(new OtlpReceiverVerticle(ports, figures)));
    }
    all = all.compose(_ -> deploy(supervisor));
    all = config.colonies().isEmpty() ? all : all.compose(_ -> deploy(registration));
    return all.onSuccess(
        _ ->
            Audit.log(
                "agent_started",
                "agent",
                identity.id(),
                "pid",
                ProcessHandle.current().pid(),
                "version",
                version,
                "data",
                dataDirectory));
  }

  private Future<Void> applyTarget(TargetChange change) {
    CaptureVerticle known = capture;
    return known == null ? Future.succeededFuture() : known.apply(change);
  }

  private Future<String> deploy(Deployable verticle) {
    return vertx.deployVerticle(verticle).onSuccess(deployed::add);
  }

  private void ownFigures(Topics topics) {
    figures.gauge("coral_process_resident_bytes", ProcessUsage::residentBytes);
    figures.fraction("coral_process_cpu_seconds_total", ProcessUsage::cpuSeconds);
    figures.gauge("coral_slow_heads_closed_total", slowHeads);
    topics
        .all()
        .forEach(
            topic -> {
              String label = "{topic=\"" + topic.address() + "\"}";
              figures.gauge("coral_topic_waiting_batches" + label, topic::waiting);
              figures.gauge("coral_topic_refused_batches_total" + label, topic::refused);
            });
  }

  private EbpfCapabilities capabilities(KernelSupport support, CaptureState state) {
    boolean captures = state.state().equals(CollectorState.OK);
    return EbpfCapabilities.newBuilder()
        .setSupported(captures)
        .setKernelVersion(support.kernelVersion())
        .setTier(state.tier())
        .setBtf(support.findings().stream().anyMatch(f -> f.name().equals("btf") && f.holds()))
        .setReason(state.reason())
        .setBeyla(
            BeylaCapabilities.newBuilder()
                .setEnabled(captures)
                .setVersion("coral " + version)
                .addSupportedProtocols("http")
                .addAllSupportedRuntimes(
                    List.of("go", "java", "python", "nodejs", "dotnet", "ruby", "rust"))
                .setTracingEnabled(true))
        .build();
  }

  private RegisterRequest introduction(
      KernelSupport support, CaptureState state, List<ObservedProcess> observed) {
    RegisterRequest.Builder introduction =
        RegisterRequest.newBuilder()
            .setAgentId(identity.id())
            .setDisplayName(identity.displayName())
            .setVersion(version)
            .setProtocolVersion(1)
            .setApiEndpoint(config.api().withPort(apiPort).toString())
            .setEbpfCapabilities(capabilities(support, state));
    for (ObservedProcess process : observed) {
      introduction.addServices(
          ServiceInfo.newBuilder()
              .setName(process.service().name())
              .setPort(process.ports().isEmpty() ? 0 : process.ports().getFirst())
              .setProcessId(process.processId())
              .setBinaryPath(process.exe()));
    }
    return introduction.build();
  }

  /// Where Coral listens on this host, as far as it is known here.
  private List<Integer> ownPorts() {
    List<Integer> ports = new ArrayList<>();
    ports.add(apiPort);
    ports.add(config.beyla().otlpEndpoint().port());
    if (config.otlpEnabled()) {
      ports.add(config.otlpGrpc().port());
      ports.add(config.otlpHttp().port());
    }
    for (String each : config.colonies()) {
      try {
        Address colony = Address.parse(each);
        ports.add(colony.isLoopback() ? colony.port() : 0);
      } catch (IllegalArgumentException e) {
        // From the environment; registration complains of it.
        LOG.debug("no colony on this host", e);
      }
    }
    return ports.stream().filter(port -> port > 0).distinct().sorted().toList();
  }

  private List<CollectorState> collectors() {
    CaptureVerticle own = capture;
    BeylaSupervisorVerticle child = supervisor;
    if (own == null || child == null) {
      return List.of();
    }
    CaptureState state = own.state();
    List<CollectorState> all = new ArrayList<>();
    all.add(new CollectorState("http", state.state(), state.reason()));
    all.add(child.state());
    AgentStorageVerticle rows = storage;
    if (rows != null && !rows.state().state().equals(CollectorState.OK)) {
      all.add(rows.state());
    }
    return all;
  }

  /// How observing fares, whoever observes; meaningful once deployed.
  public CaptureState observing() {
    CaptureVerticle own = capture;
    BeylaSupervisorVerticle child = supervisor;
    if (own == null || child == null) {
      return new CaptureState("off", "", "not started");
    }
    if (!child.observes()) {
      return own.state();
    }
    CollectorState state = child.state();
    return new CaptureState(state.state(), "", state.reason());
  }

  /// The port of the API.
  public int apiPort() {
    return apiPort;
  }

  /// From the beginning of the pipeline to its end, so that what was seen is stored.
  @Override
  public Future<?> stop() {
    Collections.reverse(deployed);
    Future<Void> stopped = Future.succeededFuture();
    for (String id : deployed) {
      stopped = stopped.eventually(() -> vertx.undeploy(id)).eventually(() -> drained(0));
    }
    return stopped.onComplete(_ -> Audit.log("agent_stopped", "agent", identity.id()));
  }

  /// Waits until nothing is under way between the verticles, two seconds at most.
  private Future<Void> drained(int attempts) {
    Topics known = topics;
    if (known == null
        || attempts == DRAIN_ATTEMPTS
        || known.all().stream().allMatch(topic -> topic.waiting() == 0)) {
      return Future.succeededFuture();
    }
    return vertx.timer(DRAIN_MILLIS, TimeUnit.MILLISECONDS).compose(_ -> drained(attempts + 1));
  }
}
