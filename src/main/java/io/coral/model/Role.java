package io.coral.model;

/// Which end of an exchange a process was, or what else a span says it is. The codes are stored;
/// they never change.
public enum Role {
  SERVER(1, "server"),
  CLIENT(2, "client"),
  PRODUCER(3, "producer"),
  CONSUMER(4, "consumer"),
  /// Work inside a process.
  INTERNAL(5, "internal"),
  /// A span that does not say.
  UNSPECIFIED(6, "unspecified");

  private final int code;
  private final String label;

  Role(int code, String label) {
    this.code = code;
    this.label = label;
  }

  /// The number that stands in kernel records and in the database.
  public int code() {
    return code;
  }

  /// Lower case, as in `attributes['role']` and `span_kind`.
  public String label() {
    return label;
  }

  /// @throws IllegalArgumentException for a code that no role has
  public static Role ofCode(int code) {
    return switch (code) {
      case 1 -> SERVER;
      case 2 -> CLIENT;
      case 3 -> PRODUCER;
      case 4 -> CONSUMER;
      case 5 -> INTERNAL;
      case 6 -> UNSPECIFIED;
      default -> throw new IllegalArgumentException("role: " + code + " (expected: 1..6)");
    };
  }
}
