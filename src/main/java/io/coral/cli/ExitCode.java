package io.coral.cli;

/// What the exit code of a command says.
public final class ExitCode {
  public static final int OK = 0;
  public static final int FAILURE = 1;
  public static final int USAGE = 2;
  public static final int NO_DATA = 3;
  public static final int UNREACHABLE = 4;

  /// There is an answer, and it stands on less than was asked for.
  public static final int PARTIAL = 5;

  public static final int PERMISSION = 6;

  private ExitCode() {}
}
