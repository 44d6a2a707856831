package io.coral.agent.api;

import io.coral.agent.discovery.Discovery;
import io.coral.answer.CommonRoutes;
import io.coral.answer.JaegerRoutes;
import io.coral.answer.QueryHandlers;
import io.coral.answer.SpanMessages;
import io.coral.answer.SpanNumbers;
import io.coral.answer.StoreHistory;
import io.coral.answer.TraceFinder;
import io.coral.bus.Topic;
import io.coral.bus.Topics;
import io.coral.config.Address;
import io.coral.model.CollectorState;
import io.coral.model.ObserveRule;
import io.coral.model.ObservedProcess;
import io.coral.model.StreamSchema;
import io.coral.rpc.ColumnBatchCodec;
import io.coral.rpc.RpcCode;
import io.coral.rpc.RpcException;
import io.coral.rpc.RpcServer;
import io.coral.rpc.RpcService;
import io.coral.rpc.agent.v1.AgentProto;
import io.coral.rpc.agent.v1.AgentStatus;
import io.coral.rpc.agent.v1.CollectorStatus;
import io.coral.rpc.agent.v1.ConnectServiceRequest;
import io.coral.rpc.agent.v1.ConnectServiceResponse;
import io.coral.rpc.agent.v1.DisconnectServiceRequest;
import io.coral.rpc.agent.v1.DisconnectServiceResponse;
import io.coral.rpc.agent.v1.ExplainRequest;
import io.coral.rpc.agent.v1.ExplainResponse;
import io.coral.rpc.agent.v1.ListProcessesRequest;
import io.coral.rpc.agent.v1.ListProcessesResponse;
import io.coral.rpc.agent.v1.ListStreamsRequest;
import io.coral.rpc.agent.v1.ListStreamsResponse;
import io.coral.rpc.agent.v1.PullRequest;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.agent.v1.ReadMark;
import io.coral.rpc.agent.v1.StreamStatus;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.rpc.mesh.v1.GetStatusRequest;
import io.coral.rpc.mesh.v1.ReadTraceRequest;
import io.coral.rpc.mesh.v1.ReadTraceResponse;
import io.coral.storage.AgentStore;
import io.coral.storage.NumberedBatch;
import io.coral.storage.StoreQueries;
import io.coral.storage.StoredRange;
import io.coral.storage.StreamEpoch;
import io.coral.telemetry.Figures;
import io.coral.telemetry.ProcessUsage;
import io.coral.telemetry.RequestSeries;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpServer;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Event loop; whatever reads the database or `/proc` runs on a worker.
public final class AgentApiVerticle extends VerticleBase {
  private static final int DEFAULT_PULL_ROWS = 10_000;
  private static final int MAX_PULL_ROWS = 50_000;
  private static final int DEFAULT_PULL_BYTES = 4 << 20;
  private static final int MAX_BATCH_BYTES = 4 << 20;
  private static final int MOST_PULLS = 8;
  private static final int MOST_NAME = 200;

  private final Address address;
  private final AgentFacts facts;
  private final AgentStore store;
  private final Discovery discovery;
  private final Topics topics;
  private final Figures figures;
  private final RequestSeries series;
  private final Clock clock;
  private int port;
  private int pulls;

  public AgentApiVerticle(
      Address address,
      AgentFacts facts,
      AgentStore store,
      Discovery discovery,
      Topics topics,
      Figures figures,
      RequestSeries series,
      Clock clock) {
    this.address = address;
    this.facts = facts;
    this.store = store;
    this.discovery = discovery;
    this.topics = topics;
    this.figures = figures;
    this.series = series;
    this.clock = clock;
  }

  @Override
  public Future<?> start() {
    RpcService service =
        new RpcService(AgentProto.getDescriptor().findServiceByName("AgentService"));
    StoreQueries queries = StoreQueries.of(store);
    StoreHistory history = new StoreHistory(queries, spanNumbers(), this::completeness);
    TraceFinder finder =
        (of, prefix) ->
            vertx.executeBlocking(() -> new TraceFinder.Found(of.find(prefix), List.of()), false);
    new QueryHandlers(
            vertx,
            () -> history,
            finder,
            () -> discovery.observed().stream().map(process -> process.service().name()).toList(),
            clock)
        .bind(service);
    service.unary(
        "ReadTrace",
        ReadTraceRequest.getDefaultInstance(),
        ReadTraceResponse.getDefaultInstance(),
        request -> SpanMessages.read(vertx, queries.traces(), request));
    bindOwn(service);
    RpcServer server = new RpcServer(vertx, List.of(service), () -> true);
    new CommonRoutes(
            vertx, facts.dataDirectory().resolve("tmp"), AgentStore.FILE_NAME, store::snapshot)
        .mount(server, figures, series, () -> true, this::status);
    new JaegerRoutes(vertx, () -> history, finder, clock).mount(server);
    return server.listen(address.host(), address.port()).onSuccess(this::listening);
  }

  private void listening(HttpServer server) {
    port = server.actualPort();
  }

  /// The port that was opened.
  public int port() {
    return port;
  }

  private void bindOwn(RpcService service) {
    service
        .unary(
            "GetStatus",
            GetStatusRequest.getDefaultInstance(),
            AgentStatus.getDefaultInstance(),
            _ -> status())
        .unary(
            "ConnectService",
            ConnectServiceRequest.getDefaultInstance(),
            ConnectServiceResponse.getDefaultInstance(),
            this::connect)
        .unary(
            "DisconnectService",
            DisconnectServiceRequest.getDefaultInstance(),
            DisconnectServiceResponse.getDefaultInstance(),
            this::disconnect)
        .unary(
            "Explain",
            ExplainRequest.getDefaultInstance(),
            ExplainResponse.getDefaultInstance(),
            request ->
                discovery
                    .all()
                    .map(
                        all ->
                            new Explainer(
                                    discovery, facts.capabilities().get(), facts.collectors().get())
                                .explain(request.getSelector(), all)))
        .unary(
            "ListProcesses",
            ListProcessesRequest.getDefaultInstance(),
            ListProcessesResponse.getDefaultInstance(),
            _ -> discovery.all().map(all -> listening(all.values().stream().toList())))
        .unary(
            "ListStreams",
            ListStreamsRequest.getDefaultInstance(),
            ListStreamsResponse.getDefaultInstance(),
            request -> vertx.executeBlocking(() -> streams(request), false))
        .streaming(
            "Pull",
            PullRequest.getDefaultInstance(),
            PullResponse.getDefaultInstance(),
            this::pull);
  }

  private SpanNumbers spanNumbers() {
    return new SpanNumbers() {
      @Override
      public long epoch() {
        return store.epoch();
      }

      @Override
      public long last(long epoch) {
        return lastSeq(StreamSchema.SPANS, epoch);
      }
    };
  }

  private Completeness completeness() {
    var now = clock.instant();
    return Completeness.newBuilder()
        .setAgentsTotal(1)
        .setAgentsAnswered(1)
        .addAllGaps(store.losses())
        .setAsOfUnixNanos(now.getEpochSecond() * 1_000_000_000L + now.getNano())
        .build();
  }

  private Future<AgentStatus> status() {
    return vertx.executeBlocking(
        () -> {
          AgentStatus.Builder status =
              AgentStatus.newBuilder()
                  .setAgentId(facts.agentId())
                  .setDisplayName(facts.displayName())
                  .setVersion(facts.version())
                  .setStartedUnixNanos(facts.startedUnixNanos())
                  .setKernelVersion(System.getProperty("os.version", ""))
                  .setCapabilities(facts.capabilities().get())
                  .putAllCounters(figures.all())
                  .setCpuSeconds(ProcessUsage.cpuSeconds())
                  .setResidentBytes(ProcessUsage.residentBytes())
                  .setColony(facts.colony().get())
                  .addAllLosses(store.losses());
          for (CollectorState collector : facts.collectors().get()) {
            status.addCollectors(
                CollectorStatus.newBuilder()
                    .setName(collector.name())
                    .setState(collector.state())
                    .setReason(collector.reason()));
          }
          for (Topic<?> topic : topics.all()) {
            status.putQueues(topic.address(), topic.waiting());
          }
          discovery
              .observed()
              .forEach(process -> status.addProcesses(Processes.message(process, discovery)));
          store.ranges().forEach(range -> status.addStreams(message(range)));
          return status.build();
        },
        false);
  }

  private Future<ConnectServiceResponse> connect(ConnectServiceRequest request) {
    ObserveRule rule;
    try {
      rule =
          new ObserveRule(
              request.getName(), request.getPort(), request.getPid(), request.getExePattern());
    } catch (IllegalArgumentException e) {
      throw new RpcException(RpcCode.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
    }
    if (rule.processId() > 0 && !discovery.refusal(rule.processId()).isEmpty()) {
      throw new RpcException(RpcCode.PERMISSION_DENIED, discovery.refusal(rule.processId()));
    }
    return discovery
        .connect(rule)
        .map(
            processes -> {
              ConnectServiceResponse.Builder response =
                  ConnectServiceResponse.newBuilder()
                      .setSuccess(true)
                      .setServiceName(
                          processes.isEmpty()
                              ? rule.name()
                              : processes.getFirst().service().name());
              processes.forEach(
                  process -> response.addProcesses(Processes.message(process, discovery)));
              return response.build();
            });
  }

  private Future<DisconnectServiceResponse> disconnect(DisconnectServiceRequest request) {
    return discovery
        .disconnect(request.getServiceName())
        .map(
            done ->
                DisconnectServiceResponse.newBuilder()
                    .setSuccess(done)
                    .setError(
                        done ? "" : "no rule gives the name \"" + request.getServiceName() + "\"")
                    .build());
  }

  private ListProcessesResponse listening(List<ObservedProcess> all) {
    ListProcessesResponse.Builder response = ListProcessesResponse.newBuilder();
    all.stream()
        .filter(process -> !process.ports().isEmpty())
        .filter(process -> discovery.refusal(process.processId()).isEmpty())
        .sorted((a, b) -> Integer.compare(a.processId(), b.processId()))
        .forEach(process -> response.addProcesses(Processes.message(process, discovery)));
    return response.build();
  }

  private ListStreamsResponse streams(ListStreamsRequest request) {
    if (request.getReader().length() > MOST_NAME) {
      throw new RpcException(RpcCode.INVALID_ARGUMENT, "reader is too long");
    }
    List<StoredRange> ranges = store.ranges();
    if (!request.getReader().isEmpty()) {
      Set<StreamEpoch> here =
          ranges.stream()
              .map(range -> new StreamEpoch(range.stream(), range.epoch()))
              .collect(Collectors.toSet());
      Map<StreamEpoch, Long> upTo = new HashMap<>();
      for (ReadMark mark : request.getMarksList()) {
        StreamEpoch log = new StreamEpoch(mark.getStream(), mark.getEpoch());
        if (here.contains(log)) {
          upTo.put(log, mark.getUpToSeq());
        }
      }
      if (!store.readBy(request.getReader(), upTo)) {
        throw new RpcException(
            RpcCode.RESOURCE_EXHAUSTED, "too many nodes read this agent's rows already");
      }
    }
    ListStreamsResponse.Builder response = ListStreamsResponse.newBuilder();
    ranges.forEach(range -> response.addStreams(message(range)));
    return response.addAllLosses(store.losses()).build();
  }

  private static StreamStatus message(StoredRange range) {
    return StreamStatus.newBuilder()
        .setStream(range.stream())
        .setEpoch(range.epoch())
        .setMinSeq(range.minSeq())
        .setMaxSeq(range.maxSeq())
        .build();
  }

  private Future<Void> pull(PullRequest request, RpcService.Sink sink) {
    StreamSchema schema;
    try {
      schema = StreamSchema.named(request.getStream());
    } catch (IllegalArgumentException e) {
      throw new RpcException(RpcCode.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
    }
    int maxRows =
        request.getMaxRows() == 0
            ? DEFAULT_PULL_ROWS
            : Math.min(request.getMaxRows(), MAX_PULL_ROWS);
    int maxBytes = request.getMaxBytes() == 0 ? DEFAULT_PULL_BYTES : request.getMaxBytes();
    if (pulls >= MOST_PULLS) {
      throw new RpcException(RpcCode.RESOURCE_EXHAUSTED, "too many pulls at once");
    }
    pulls++;
    return vertx
        .executeBlocking(() -> lastSeq(schema, request.getEpoch()), false)
        .compose(
            last ->
                pull(
                    schema,
                    request.getEpoch(),
                    request.getAfterSeq(),
                    last,
                    maxRows,
                    maxBytes,
                    sink))
        .onComplete(_ -> pulls--);
  }

  /// Where an answer ends: rows that come while it is given are for the next one. Otherwise, where
  /// reading takes longer than the next rows, it would go on with some rows at a time until the
  /// asker's patience is over.
  private long lastSeq(StreamSchema schema, long epoch) {
    return store.ranges().stream()
        .filter(range -> range.stream().equals(schema.name()) && range.epoch() == epoch)
        .mapToLong(StoredRange::maxSeq)
        .findFirst()
        .orElse(0);
  }

  private Future<Void> pull(
      StreamSchema schema,
      long epoch,
      long afterSeq,
      long lastSeq,
      int maxRows,
      int bytesLeft,
      RpcService.Sink sink) {
    if (afterSeq >= lastSeq) {
      return Future.succeededFuture();
    }
    return vertx
        .executeBlocking(() -> read(schema, epoch, afterSeq, maxRows), false)
        .compose(
            message -> {
              if (message.getRowCount() == 0) {
                return Future.succeededFuture();
              }
              int left = bytesLeft - message.getSerializedSize();
              Future<Void> written = sink.write(message);
              return left <= 0
                  ? written
                  : written.compose(
                      _ -> pull(schema, epoch, message.getToSeq(), lastSeq, maxRows, left, sink));
            });
  }

  /// Fewer rows where they are large.
  private PullResponse read(StreamSchema schema, long epoch, long afterSeq, int maxRows) {
    int rows = maxRows;
    PullResponse message = message(store.read(schema, epoch, afterSeq, rows));
    while (message.getSerializedSize() > MAX_BATCH_BYTES && rows > 1) {
      rows = Math.max(1, Math.min(rows, message.getRowCount()) / 4);
      message = message(store.read(schema, epoch, afterSeq, rows));
    }
    return message;
  }

  private static PullResponse message(@org.jspecify.annotations.Nullable NumberedBatch batch) {
    if (batch == null) {
      return PullResponse.getDefaultInstance();
    }
    PullResponse.Builder response =
        PullResponse.newBuilder()
            .setStream(batch.stream())
            .setEpoch(batch.epoch())
            .setFromSeq(batch.firstSeq())
            .setToSeq(batch.lastSeq());
    ColumnBatchCodec.encode(batch.batch(), response);
    return response.build();
  }
}
