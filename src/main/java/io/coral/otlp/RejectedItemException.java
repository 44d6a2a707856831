package io.coral.otlp;

/// One item of a payload cannot be taken: it is nested too deep, or too long as JSON. The others
/// are good.
final class RejectedItemException extends Exception {
  private static final long serialVersionUID = 1L;

  RejectedItemException(String message) {
    super(message, null, false, false);
  }
}
