package io.coral.otlp;

/// A payload above the limit; to send it again is useless. Without a stack trace, as
/// [MalformedPayloadException].
public final class PayloadTooLargeException extends Exception {
  private static final long serialVersionUID = 1L;

  public PayloadTooLargeException(long maxBytes) {
    super("payload: too large (expected: at most " + maxBytes + " bytes)", null, false, false);
  }
}
