package io.coral.colony.cluster;

import java.util.ArrayList;
import java.util.List;

/// Runs a colony of several nodes through faults, in simulated time:
/// `Simulation --hours 1000 --seed 1 [--planted-bug]`.
public final class Simulation {
  private static final long HOURS_OF_A_SEED = 6;

  private Simulation() {}

  /// What came of a seed.
  ///
  /// @param violation empty when there is none
  record Outcome(long seed, double hours, long events, long answers, List<String> violation) {}

  static Outcome run(long seed, long hours, boolean plantedBug) {
    SimScenario scenario = new SimScenario(seed, plantedBug);
    List<String> violation = new ArrayList<>();
    try {
      scenario.run(hours);
    } catch (SimScenario.ViolationException e) {
      scenario.world.trace().forEach(violation::add);
      violation.add(
          "seed %d, after %.3f s: %s"
              .formatted(seed, (double) scenario.world.now() / SimWorld.SECOND, e.getMessage()));
    }
    return new Outcome(
        seed,
        (double) scenario.world.now() / SimWorld.HOUR,
        scenario.world.events(),
        scenario.answers(),
        violation);
  }

  /// Exits with 1 when something is wrong.
  public static void main(String[] arguments) {
    long hours = 100;
    long seed = 1;
    boolean plantedBug = false;
    boolean goOn = false;
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--hours" -> hours = Long.parseLong(arguments[++i]);
        case "--seed" -> seed = Long.parseLong(arguments[++i]);
        case "--planted-bug" -> plantedBug = true;
        case "--go-on" -> goOn = true;
        default -> throw new IllegalArgumentException(arguments[i]);
      }
    }
    long began = System.nanoTime();
    double total = 0;
    int violations = 0;
    while (total < hours) {
      Outcome outcome = run(seed, HOURS_OF_A_SEED, plantedBug);
      total += outcome.hours();
      System.out.printf(
          "seed %d: %.1f h, %d events, %d answers%s%n",
          seed,
          outcome.hours(),
          outcome.events(),
          outcome.answers(),
          outcome.violation().isEmpty() ? "" : ", VIOLATION");
      System.out.flush();
      if (!outcome.violation().isEmpty()) {
        violations++;
        outcome.violation().forEach(System.out::println);
        if (!goOn) {
          break;
        }
      }
      seed++;
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    System.out.printf(
        "%.0f simulated hours in %.1f s (%.1f h/s), %d violations%n",
        total, seconds, total / seconds, violations);
    System.exit(violations > 0 ? 1 : 0);
  }
}
