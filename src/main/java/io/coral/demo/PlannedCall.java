package io.coral.demo;

import java.util.List;

/// A request that is known beforehand, with the requests that it causes.
///
/// @param route as it is to be counted, ids as `:id`
/// @param target what is sent, path and query
/// @param body empty for GET
/// @param status what is answered
/// @param thinkMillis how long the service waits before it calls others
/// @param calls in the order in which they are sent
record PlannedCall(
    String service,
    String method,
    String route,
    String target,
    String body,
    int status,
    int thinkMillis,
    List<PlannedCall> calls) {
  PlannedCall {
    calls = List.copyOf(calls);
  }

  CountKey key() {
    return new CountKey(service, method, route, status);
  }
}
