package io.coral.demo;

import java.util.Comparator;

/// What requests are counted by.
///
/// @param route with ids as `:id`
/// @param status 0 = unknown
public record CountKey(String service, String method, String route, int status)
    implements Comparable<CountKey> {
  private static final Comparator<CountKey> ORDER =
      Comparator.comparing(CountKey::service)
          .thenComparing(CountKey::route)
          .thenComparing(CountKey::method)
          .thenComparingInt(CountKey::status);

  @Override
  public int compareTo(CountKey other) {
    return ORDER.compare(this, other);
  }
}
