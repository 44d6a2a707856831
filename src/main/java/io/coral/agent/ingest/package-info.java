/// Takes OTLP in: gRPC and HTTP on every port, protobuf and JSON, gzip and zstd, and answers a
/// client when what it sent is safe, or says whether to send it again.
///
/// In: payloads of exporters. Out: a [io.coral.agent.ingest.PayloadSink] gets the protobuf
/// bytes of each request; its future decides the answer. Sockets and framing run on the event
/// loop of [io.coral.agent.ingest.OtlpReceiverVerticle]; content is decompressed and JSON
/// converted on the worker `coral-otlp`, one at a time, so that a bomb cannot have company.
/// What a Beyla child reports comes to a port of its own, and to
/// [io.coral.agent.ingest.BeylaIntake]. Start at [io.coral.agent.ingest.OtlpReceiverVerticle].
@NullMarked
package io.coral.agent.ingest;

import org.jspecify.annotations.NullMarked;
