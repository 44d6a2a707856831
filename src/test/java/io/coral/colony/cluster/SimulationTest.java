package io.coral.colony.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// A few seeds; `Simulation` runs as many as there is time for.
final class SimulationTest {
  private static final long HOURS = 1;
  private static final long[] SEEDS = {1, 2, 3, 4};
  private static final long MOST_SEEDS = 40;

  @Test
  void threeNodes_whateverHappens_countEveryRowOnce_andSayWhatIsMissing() {
    List<String> violations = new ArrayList<>();
    for (long seed : SEEDS) {
      violations.addAll(Simulation.run(seed, HOURS, false).violation());
    }
    assertThat(violations).isEmpty();
  }

  @Test
  void numbersThatAreNotedBeforeTheirRows_areFound() {
    assertThat(
            LongStream.rangeClosed(1, MOST_SEEDS)
                .mapToObj(seed -> Simulation.run(seed, HOURS, true))
                .anyMatch(outcome -> !outcome.violation().isEmpty()))
        .isTrue();
  }

  @Test
  void sameSeed_doesTheSame() {
    Simulation.Outcome one = Simulation.run(7, HOURS, false);
    assertThat(Simulation.run(7, HOURS, false)).isEqualTo(one);
  }
}
