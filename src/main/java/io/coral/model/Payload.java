package io.coral.model;

/// What an application sent in one request: `Export…ServiceRequest` of OTLP in protobuf. The bytes
/// are not written to any more.
///
/// @param signal which of them; the ordinal of io.coral.otlp.Signal
/// @param from index of the first byte
/// @param to index behind the last one
/// @param id of the bytes
public record Payload(int signal, byte[] bytes, int from, int to, PayloadId id) {
  public static Payload of(int signal, byte[] bytes, int from, int to) {
    return new Payload(signal, bytes, from, to, PayloadId.of(bytes, from, to));
  }

  /// Length in bytes.
  public int size() {
    return to - from;
  }
}
