package io.coral.agent.discovery;

import io.coral.model.ObserveRule;
import io.coral.model.ObservedProcess;
import io.coral.model.ProcessDirectory;
import io.vertx.core.Future;
import java.util.List;
import java.util.Map;

/// What the API asks discovery. Safe on any thread; the futures complete on the caller's context.
public interface Discovery {
  /// The directory of observed processes.
  ProcessDirectory directory();

  /// Observes what a rule selects, from now on.
  ///
  /// @return what it selects now
  Future<List<ObservedProcess>> connect(ObserveRule rule);

  /// Takes the rules that give this name back, and lets go what only they selected.
  ///
  /// @return whether there was one
  Future<Boolean> disconnect(String serviceName);

  /// The rules, in the order in which they are tried.
  List<ObserveRule> rules();

  /// The processes that are observed.
  List<ObservedProcess> observed();

  /// Every process of this host by id, read now.
  Future<Map<Integer, ObservedProcess>> all();

  /// Exchanges of a process, and the end of the last in Unix nanoseconds (0 = none).
  long[] seen(int processId);

  /// Why a process is never observed; empty when it may be.
  String refusal(int processId);
}
