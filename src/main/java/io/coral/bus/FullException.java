package io.coral.bus;

/// There is no room now; there will be.
public final class FullException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public FullException(String message) {
    super(message, null, false, false);
  }
}
