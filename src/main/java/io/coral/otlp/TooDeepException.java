package io.coral.otlp;

/// One item of a payload is nested deeper than is taken; the others are good.
final class TooDeepException extends Exception {
  private static final long serialVersionUID = 1L;

  TooDeepException(String message) {
    super(message, null, false, false);
  }
}
