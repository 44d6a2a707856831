package io.coral.agent.ingest;

import io.coral.config.Address;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A receiver alone in a process, so that the process can have little memory. Prints its port and
/// ends with its standard input.
final class SmallReceiver {
  private SmallReceiver() {}

  public static void main(String[] arguments) throws Exception {
    Vertx vertx = Vertx.vertx();
    OtlpReceiverVerticle receiver =
        new OtlpReceiverVerticle(
            List.of(
                new OtlpReceiverVerticle.Port(
                    Address.parse("127.0.0.1:0"),
                    (_, _, _, _) -> Future.succeededFuture(Accepted.ALL))),
            new Figures());
    vertx
        .deployVerticle(receiver)
        .toCompletionStage()
        .toCompletableFuture()
        .get(60, TimeUnit.SECONDS);
    System.out.println(receiver.listening().getFirst());
    while (System.in.read() >= 0) {
      // Nothing is said, only the end counts.
    }
    System.exit(0);
  }
}
