/// Four small services under a load whose every request is known beforehand, so that what Coral
/// counted can be compared with what happened.
///
/// `frontend-api` calls `payments-api`, which calls `card-validator-svc`, and `inventory-api`.
/// Each service is a process of its own ([io.coral.demo.DemoService]): the JDK's HTTP server
/// with a thread per request and `HttpURLConnection` with keep-alive, on loopback, no trace
/// header anywhere. [io.coral.demo.DemoPlan] says for a request number what is sent and what
/// each service answers; [io.coral.demo.DemoLoad] sends it. Out go counts by service, method,
/// route and status. Only the JDK is used.
///
/// Threads: a service has one for each request, the load has four. A service ends when its
/// standard input does, so it never outlives the process that started it.
///
/// Start with [io.coral.demo.DemoPlan].
@NullMarked
package io.coral.demo;

import org.jspecify.annotations.NullMarked;
