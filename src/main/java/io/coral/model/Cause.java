package io.coral.model;

/// What the kernel side knows of why a request was sent, and of who reads one. Of the fields, a
/// server's exchange has [#threadOrder()] and [#answeredElsewhere()], a client's the others.
///
/// @param threadOrder server: this is the n-th request that its thread read, from 1; 0 = not
///     counted
/// @param parentConnectionId client: connection of the request that the thread read last before it
///     connected (first request of a connection that the same thread made) or before it sent
///     (otherwise); 0 = none known
/// @param parentOrdinal of that request's exchange on its connection
/// @param parentFresh client: that thread had read nothing else, connected nowhere and sent no
///     request since
/// @param parentAtConnect client: the above was taken at the time of `connect()`
/// @param callerGoroutineId client in a Go process: the goroutine that called, 0 = not known
/// @param callerParentGoroutineId the goroutine that started it, 0 = not known
/// @param answeredElsewhere server: another thread sent the answer than the one that read the
///     request
public record Cause(
    int threadOrder,
    long parentConnectionId,
    int parentOrdinal,
    boolean parentFresh,
    boolean parentAtConnect,
    long callerGoroutineId,
    long callerParentGoroutineId,
    boolean answeredElsewhere) {
  /// Nothing is known.
  public static final Cause UNKNOWN = new Cause(0, 0, 0, false, false, 0, 0, false);
}
