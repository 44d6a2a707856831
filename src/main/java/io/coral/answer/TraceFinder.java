package io.coral.answer;

import io.coral.rpc.mesh.v1.Completeness;
import io.coral.storage.TraceQueries;
import io.vertx.core.Future;
import java.util.List;

/// Finds one trace, wherever its spans are. Called on an event loop; does not block it.
public interface TraceFinder {
  /// The traces whose id begins with a prefix, with the spans when there is only one.
  ///
  /// @param history what is stored
  /// @param prefix 6 to 32 hexadecimal digits
  Future<Found> find(History history, String prefix);

  /// What was found of a trace.
  ///
  /// @param unheard for each agent that was asked and did not answer, a sentence that says so
  record Found(TraceQueries.Found traces, List<String> unheard) {
    public Found {
      unheard = List.copyOf(unheard);
    }

    /// How much stands behind what was found: what the history says, less the agents that did not
    /// answer. Blocks as the history does.
    Completeness completeness(History history) {
      Completeness stored = history.completeness();
      // An agent can be silent for the history as well; it is counted once.
      int answered = Math.min(stored.getAgentsAnswered(), stored.getAgentsTotal() - unheard.size());
      return stored.toBuilder()
          .setAgentsAnswered(Math.max(0, answered))
          .addAllGaps(unheard)
          .build();
    }
  }
}
