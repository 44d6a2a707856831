package io.coral.storage;

/// A database said no: the disk is full, the file is damaged or locked, or there is a bug in a
/// statement.
public final class StorageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public StorageException(String message, Throwable cause) {
    super(message + ": " + cause.getMessage(), cause);
  }

  public StorageException(String message) {
    super(message);
  }
}
