package io.coral.protocol;

import java.util.LinkedHashMap;
import java.util.Map;

/// A request whose answer has not ended. Owned by one thread.
public final class OpenCall {
  private static final int MOST_ATTRIBUTES = 16;

  private final Origin begun;
  private String protocol;
  private String operation;
  private String target = "";
  private Outcome outcome = Outcome.UNKNOWN;
  private String status = "";
  private long requestBytes;
  private long responseBytes;
  private long firstByteNanos;
  private long lastByteNanos;
  private boolean incomplete;
  private Map<String, String> attributes = Map.of();

  public OpenCall(String protocol, String operation, Origin begun) {
    this.protocol = protocol;
    this.operation = operation;
    this.begun = begun;
    this.lastByteNanos = begun.timeNanos();
  }

  public OpenCall protocol(String name) {
    protocol = name;
    return this;
  }

  public OpenCall operation(String name) {
    operation = name;
    return this;
  }

  public String operation() {
    return operation;
  }

  public OpenCall target(String name) {
    target = name;
    return this;
  }

  public String target() {
    return target;
  }

  public OpenCall ended(Outcome how, String code) {
    outcome = how;
    status = code;
    return this;
  }

  public Outcome outcome() {
    return outcome;
  }

  /// Bytes were missing that would have told more.
  public OpenCall incomplete() {
    incomplete = true;
    return this;
  }

  public OpenCall incompleteIf(boolean missing) {
    incomplete |= missing;
    return this;
  }

  /// Notes an attribute; of more than 16 the rest is left out.
  public OpenCall attribute(String name, String value) {
    if (attributes.isEmpty()) {
      attributes = new LinkedHashMap<>();
    }
    if (attributes.size() < MOST_ATTRIBUTES || attributes.containsKey(name)) {
      attributes.put(name, value);
    }
    return this;
  }

  /// More of the request was seen.
  public OpenCall asked(long bytes, Origin last) {
    requestBytes += bytes;
    if (firstByteNanos == 0) {
      lastByteNanos = Math.max(lastByteNanos, last.timeNanos());
    }
    return this;
  }

  /// More of the answer was seen.
  public OpenCall answered(long bytes, Origin first, Origin last) {
    responseBytes += bytes;
    if (firstByteNanos == 0) {
      firstByteNanos = Math.max(1, first.timeNanos());
    }
    lastByteNanos = last.timeNanos();
    return this;
  }

  public boolean isAnswered() {
    return firstByteNanos != 0;
  }

  public Origin begun() {
    return begun;
  }

  /// @param aborted whether it ended before its answer did
  public Call end(boolean aborted) {
    return new Call(
        protocol,
        operation,
        target,
        outcome,
        status,
        begun,
        firstByteNanos,
        lastByteNanos,
        requestBytes,
        responseBytes,
        incomplete,
        aborted,
        attributes);
  }
}
