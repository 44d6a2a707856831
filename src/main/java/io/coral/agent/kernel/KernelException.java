package io.coral.agent.kernel;

/// The kernel, or the user's rights, do not allow what was asked; the message says what and why.
public final class KernelException extends Exception {
  private static final long serialVersionUID = 1L;

  public KernelException(String message) {
    super(message);
  }
}
