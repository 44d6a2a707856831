package io.coral.otlp;

/// Reads the payloads of one signal into rows. One thread.
public interface PayloadDecoder {
  /// Decodes an `Export…ServiceRequest` in protobuf.
  ///
  /// @param bytes is not kept
  DecodedItems decode(byte[] bytes, int from, int to) throws MalformedPayloadException;
}
