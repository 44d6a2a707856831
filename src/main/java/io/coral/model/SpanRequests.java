package io.coral.model;

import java.util.Arrays;

/// What spans say of requests and of who called whom, for counting: row by row of numbers, strings
/// as numbers of a dictionary. One thread fills it; nobody changes it afterwards.
public final class SpanRequests {
  /// Positions in the key of a request: what requests that are counted together have in common.
  public static final int SERVICE = 0;

  /// `http`, `grpc`, the name of a database or of a messaging system.
  public static final int SYSTEM = 1;

  /// HTTP method, full gRPC method, operation.
  public static final int METHOD = 2;

  /// HTTP route, table, topic.
  public static final int ROUTE = 3;

  /// Path of a request whose route is not known, else empty.
  public static final int PATH = 4;

  /// A code of [Role].
  public static final int ROLE = 5;

  /// Of HTTP (0 = unknown) or gRPC (-1 = unknown); -1 for others.
  public static final int STATUS = 6;

  /// Ordinal of the [RequestKind].
  public static final int KIND = 7;

  /// How many numbers a key has.
  public static final int KEY_WIDTH = 8;

  private static final int EXPECTED = 512;
  private static final int ID_WIDTH = 4;

  private final Texts dictionary;
  private int[] keys = new int[KEY_WIDTH * EXPECTED];
  private long[] times = new long[2 * EXPECTED];
  private boolean[] errors = new boolean[EXPECTED];
  private int size;

  // Of each span: trace id, id, parent's id or 0 when nobody called it.
  private long[] ids = new long[ID_WIDTH * EXPECTED];
  private long[] spanTimes = new long[2 * EXPECTED];
  private int[] services = new int[EXPECTED];
  private boolean[] failures = new boolean[EXPECTED];
  private int spans;

  public SpanRequests(Texts dictionary) {
    this.dictionary = dictionary;
  }

  /// Adds a span.
  ///
  /// @param calledBy id of the parent when the span served a call, else 0
  /// @param failed matters when it served a call, as the times do
  public void addSpan(
      long traceHigh,
      long traceLow,
      long spanId,
      long calledBy,
      int service,
      boolean failed,
      long endUnixNanos,
      long durationNanos) {
    if (spans == services.length) {
      ids = Arrays.copyOf(ids, 2 * ids.length);
      spanTimes = Arrays.copyOf(spanTimes, 2 * spanTimes.length);
      services = Arrays.copyOf(services, 2 * services.length);
      failures = Arrays.copyOf(failures, 2 * failures.length);
    }
    int at = ID_WIDTH * spans;
    ids[at] = traceHigh;
    ids[at + 1] = traceLow;
    ids[at + 2] = spanId;
    ids[at + 3] = calledBy;
    spanTimes[2 * spans] = endUnixNanos;
    spanTimes[2 * spans + 1] = durationNanos;
    services[spans] = service;
    failures[spans++] = failed;
  }

  /// How many spans there are, requests or not.
  public int spans() {
    return spans;
  }

  public long traceHigh(int span) {
    return ids[ID_WIDTH * span];
  }

  public long traceLow(int span) {
    return ids[ID_WIDTH * span + 1];
  }

  public long spanId(int span) {
    return ids[ID_WIDTH * span + 2];
  }

  /// Id of the span that called this one, 0 when it is none that was called.
  public long calledBy(int span) {
    return ids[ID_WIDTH * span + 3];
  }

  /// Number of its service in the dictionary.
  public int service(int span) {
    return services[span];
  }

  public boolean failed(int span) {
    return failures[span];
  }

  public long spanEndUnixNanos(int span) {
    return spanTimes[2 * span];
  }

  public long spanDurationNanos(int span) {
    return spanTimes[2 * span + 1];
  }

  /// Adds a request.
  ///
  /// @param key is copied
  /// @param error whether the span failed, or its status says so
  public void add(int[] key, boolean error, long endUnixNanos, long durationNanos) {
    if (size == errors.length) {
      keys = Arrays.copyOf(keys, 2 * keys.length);
      times = Arrays.copyOf(times, 2 * times.length);
      errors = Arrays.copyOf(errors, 2 * errors.length);
    }
    System.arraycopy(key, 0, keys, KEY_WIDTH * size, KEY_WIDTH);
    times[2 * size] = endUnixNanos;
    times[2 * size + 1] = durationNanos;
    errors[size++] = error;
  }

  /// The strings.
  public Texts dictionary() {
    return dictionary;
  }

  /// How many requests there are.
  public int size() {
    return size;
  }

  /// Copies the key of a request.
  public void key(int index, int[] into) {
    System.arraycopy(keys, KEY_WIDTH * index, into, 0, KEY_WIDTH);
  }

  public boolean error(int index) {
    return errors[index];
  }

  public long endUnixNanos(int index) {
    return times[2 * index];
  }

  public long durationNanos(int index) {
    return times[2 * index + 1];
  }
}
