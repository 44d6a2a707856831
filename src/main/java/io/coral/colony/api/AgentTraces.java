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
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Finds a trace in the history and, at the same time, at every agent that can be reached: what
/// an agent has acknowledged is found before it is pulled, and although it was not sampled. For a
/// trace that is found an agent has little time, and less when nothing was heard of it lately; when
/// nobody has it, those that did not answer are asked once more, with more. Who does not answer
/// then is named.
///
/// Event loop; what reads the history runs on a worker.
final class AgentTraces implements TraceFinder {
  private static final String METHOD = "coral.agent.v1.AgentService/ReadTrace";
  private static final Duration BRIEF = Duration.ofMillis(100);
  private static final Duration QUICK = Duration.ofMillis(700);
  private static final Duration PATIENT = Duration.ofSeconds(3);

  private final Vertx vertx;
  private final RpcClient client;
  private final Registry registry;

  AgentTraces(Vertx vertx, RpcClient client, Registry registry) {
    this.vertx = vertx;
    this.client = client;
    this.registry = registry;
  }

  /// An agent's answer.
  ///
  /// @param found null when there is none
  private record Heard(Registry.Agent agent, TraceQueries.@Nullable Found found) {}

  @Override
  public Future<Found> find(History history, String prefix) {
    Future<TraceQueries.Found> stored = vertx.executeBlocking(() -> history.find(prefix), false);
    return ask(registry.reachable(), prefix, this::quick)
        .compose(agents -> stored.compose(known -> again(agents, known, prefix)))
        .compose(
            agents -> vertx.executeBlocking(() -> found(history, agents, stored.result()), false));
  }

  private Future<List<Heard>> again(List<Heard> agents, TraceQueries.Found known, String prefix) {
    boolean isFound =
        !known.traceIds().isEmpty()
            || agents.stream()
                .anyMatch(each -> each.found != null && !each.found.traceIds().isEmpty());
    List<Registry.Agent> unheard =
        agents.stream().filter(each -> each.found == null).map(Heard::agent).toList();
    return isFound || unheard.isEmpty()
        ? Future.succeededFuture(agents)
        : ask(unheard, prefix, _ -> PATIENT);
  }

  private Duration quick(Registry.Agent agent) {
    return registry.health(agent) == Registry.Health.HEALTHY ? QUICK : BRIEF;
  }

  private Future<List<Heard>> ask(
      List<Registry.Agent> agents, String prefix, Function<Registry.Agent, Duration> deadline) {
    ReadTraceRequest request = ReadTraceRequest.newBuilder().setTraceId(prefix).build();
    List<Future<Heard>> asked = new ArrayList<>();
    for (Registry.Agent agent : agents) {
      asked.add(
          client
              .unary(
                  agent.endpoint(),
                  METHOD,
                  request,
                  ReadTraceResponse.getDefaultInstance(),
                  deadline.apply(agent))
              .map(response -> new Heard(agent, SpanMessages.found(response)))
              .otherwise(_ -> new Heard(agent, null)));
    }
    return Future.all(asked).map(_ -> asked.stream().map(Future::result).toList());
  }

  private static Found found(History history, List<Heard> agents, TraceQueries.Found known) {
    List<TraceQueries.Found> found = new ArrayList<>();
    List<String> unheard = new ArrayList<>();
    for (Heard each : agents) {
      if (each.found != null) {
        found.add(each.found);
      } else {
        unheard.add(
            each.agent.introduction().getDisplayName()
                + " did not answer: its newest spans may be missing");
      }
    }
    found.add(known);
    return new Found(merged(history, found), unheard);
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
