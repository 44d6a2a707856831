package io.coral.storage;

import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/// The questions to one store, or to what it has of some agents.
///
/// @param traces of all agents: a span that two stores have is one
/// @param spans of all agents, too
/// @param sums of the agents asked for
/// @param sent of the agents asked for
public record StoreQueries(
    TraceQueries traces, SpanQueries spans, SumSource sums, SentQueries sent) {
  /// Of an agent's store.
  public static StoreQueries of(AgentStore store) {
    return of((RowSource) store, store);
  }

  /// Of everything that a colony's node has.
  public static StoreQueries of(ColonyStore store) {
    return of((RowSource) store, store);
  }

  /// Asks a colony's node for what it has of some agents. Nothing is left out by agent where it has
  /// no others, which is faster; when rows of another one come meanwhile, it is asked again.
  ///
  /// @param question is asked once or twice, and may fail
  public static <T> T ask(
      ColonyStore store, Set<String> agents, Function<StoreQueries, T> question) {
    if (!store.hasOthersThan(agents)) {
      T answer = question.apply(of(store));
      if (!store.hasOthersThan(agents)) {
        return answer;
      }
    }
    return question.apply(of(store, agents));
  }

  /// Of what a colony's node has of some agents.
  public static StoreQueries of(ColonyStore store, Set<String> agents) {
    return of(store, new OfAgents(store, agents));
  }

  private static StoreQueries of(RowSource all, RowSource some) {
    return new StoreQueries(
        new TraceQueries(all), new SpanQueries(all), new Sums(some), new SentQueries(some));
  }

  private record OfAgents(RowSource all, Set<String> agents) implements RowSource {
    OfAgents {
      agents = Set.copyOf(agents);
    }

    @Override
    public Connection reader() throws SQLException {
      return all.reader();
    }

    @Override
    public List<StreamTable> tables(StreamSchema schema) {
      return all.tables(schema);
    }

    @Override
    public boolean withAgents() {
      return all.withAgents();
    }

    @Override
    public String ofAgents(StreamTable table) {
      return agents.isEmpty() ? "false" : table.ofAgents(agents);
    }
  }
}
