package io.coral.colony.api;

import io.coral.answer.History;
import io.coral.answer.SpanMessages;
import io.coral.answer.TraceFinder;
import io.coral.colony.registry.Registry;
import io.coral.rpc.RpcClient;
import io.coral.rpc.mesh.v1.ReadTraceRequest;
import io.coral.rpc.mesh.v1.ReadTraceResponse;
import io.coral.storage.Trace;
import io.coral.storage.TraceQueries;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Finds a trace in the history and, at the same time, at every agent that can be reached: what
/// an agent has acknowledged is found before it is pulled, and although it was not sampled. An
/// agent that does not answer in time is left out.
///
/// Event loop; what reads the history runs on a worker.
final class AgentTraces implements TraceFinder {
  private static final String METHOD = "coral.agent.v1.AgentService/ReadTrace";
  private static final Duration DEADLINE = Duration.ofMillis(700);

  private final Vertx vertx;
  private final RpcClient client;
  private final Registry registry;

  AgentTraces(Vertx vertx, RpcClient client, Registry registry) {
    this.vertx = vertx;
    this.client = client;
    this.registry = registry;
  }

  @Override
  public Future<TraceQueries.Found> find(History history, String prefix) {
    Future<TraceQueries.Found> stored = vertx.executeBlocking(() -> history.find(prefix), false);
    List<Future<TraceQueries.Found>> asked =
        registry.reachable().stream().map(agent -> ask(agent, prefix)).toList();
    List<Future<TraceQueries.Found>> all = new ArrayList<>(asked);
    all.add(stored);
    return Future.all(all)
        .compose(
            _ -> {
              List<TraceQueries.Found> found = all.stream().map(Future::result).toList();
              // One answer is the rule for an old trace; then there is nothing to put together.
              return vertx.executeBlocking(() -> merged(history, found), false);
            });
  }

  private Future<TraceQueries.Found> ask(Registry.Agent agent, String prefix) {
    return client
        .unary(
            agent.endpoint(),
            METHOD,
            ReadTraceRequest.newBuilder().setTraceId(prefix).build(),
            ReadTraceResponse.getDefaultInstance(),
            DEADLINE)
        .map(SpanMessages::found)
        .otherwise(_ -> new TraceQueries.Found(List.of(), null));
  }

  /// What the history knows of a trace's name goes before what an agent knows: it has joined what
  /// several hosts saw.
  private static TraceQueries.Found merged(History history, List<TraceQueries.Found> found) {
    TraceQueries.Found known = found.getLast();
    List<String> ids =
        found.stream().flatMap(each -> each.traceIds().stream()).distinct().sorted().toList();
    if (ids.size() > 1 && known.traceIds().size() == 1) {
      // Agents may know the trace by the id of a part.
      String whole = known.traceIds().getFirst();
      ids =
          ids.stream()
              .map(id -> history.find(id).traceIds().equals(List.of(whole)) ? whole : id)
              .distinct()
              .toList();
    }
    if (ids.size() != 1) {
      return new TraceQueries.Found(ids, null);
    }
    return new TraceQueries.Found(
        ids,
        Trace.merged(
            ids.getFirst(),
            found.reversed().stream().flatMap(each -> Stream.ofNullable(each.trace())).toList()));
  }
}
