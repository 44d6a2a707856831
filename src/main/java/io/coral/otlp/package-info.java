/// The OpenTelemetry protocol as bytes (https://opentelemetry.io/docs/specs/otlp): codings,
/// JSON to protobuf, a cursor over protobuf, and the bytes of the answers. What comes in is
/// hostile: every class here has limits and answers bad input with a
/// [io.coral.otlp.MalformedPayloadException], never with another exception, a hang or memory.
///
/// Pure functions over `byte[]`, on any thread; an instance belongs to one thread. Start at
/// [io.coral.otlp.ProtobufReader].
@NullMarked
package io.coral.otlp;

import org.jspecify.annotations.NullMarked;
