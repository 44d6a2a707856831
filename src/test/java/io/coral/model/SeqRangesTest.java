package io.coral.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class SeqRangesTest {
  private static final int MOST = 40;

  private static SeqRanges random(Random random, BitSet same) {
    SeqRanges ranges = SeqRanges.NONE;
    for (int i = random.nextInt(6); i > 0; i--) {
      int from = 1 + random.nextInt(MOST);
      int to = Math.min(MOST, from + random.nextInt(8));
      ranges = ranges.plus(from, to);
      same.set(from, to + 1);
    }
    return ranges;
  }

  private static BitSet bits(SeqRanges ranges) {
    BitSet bits = new BitSet();
    ranges.ranges().forEach(range -> bits.set((int) range.from(), (int) range.to() + 1));
    return bits;
  }

  private static void assertApart(SeqRanges ranges) {
    for (int i = 1; i < ranges.ranges().size(); i++) {
      assertThat(ranges.ranges().get(i).from()).isGreaterThan(ranges.ranges().get(i - 1).to() + 1);
    }
  }

  @Test
  void sets_areWhatABitSetSays() {
    for (int seed = 0; seed < 5000; seed++) {
      Random random = new Random(seed);
      BitSet oneBits = new BitSet();
      BitSet otherBits = new BitSet();
      SeqRanges one = random(random, oneBits);
      SeqRanges other = random(random, otherBits);
      assertThat(bits(one)).as("seed %d", seed).isEqualTo(oneBits);
      BitSet minus = (BitSet) oneBits.clone();
      minus.andNot(otherBits);
      BitSet and = (BitSet) oneBits.clone();
      and.and(otherBits);
      BitSet plus = (BitSet) oneBits.clone();
      plus.or(otherBits);
      assertThat(bits(one.minus(other))).as("seed %d", seed).isEqualTo(minus);
      assertThat(bits(one.and(other))).as("seed %d", seed).isEqualTo(and);
      assertThat(bits(one.plus(other))).as("seed %d", seed).isEqualTo(plus);
      assertThat(one.size()).isEqualTo(oneBits.cardinality());
      assertThat(one.last()).isEqualTo(Math.max(0, oneBits.length() - 1));
      assertThat(one.containsAll(other)).isEqualTo(oneBits.equals(plus));
      assertThat(one.contains(7)).isEqualTo(oneBits.get(7));
      assertApart(one.plus(other));
      assertApart(one.minus(other));
    }
  }

  @Test
  void numbers_beginWithOne() {
    assertThatThrownBy(() -> SeqRanges.of(0, 3)).isInstanceOf(IllegalArgumentException.class);
    assertThat(SeqRanges.of(4, 3)).isEqualTo(SeqRanges.NONE);
  }
}
