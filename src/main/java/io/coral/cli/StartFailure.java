package io.coral.cli;

/// Why an agent or a colony did not start, in the words that the user reads.
public final class StartFailure extends Exception {
  private final String what;
  private final String why;
  private final String next;
  private final int exitCode;

  /// @param what what failed, one line
  /// @param why the observed fact behind it, one line
  /// @param next what to do about it, one line
  /// @param exitCode one of [ExitCode]
  public StartFailure(String what, String why, String next, int exitCode) {
    super(what + ": " + why);
    this.what = what;
    this.why = why;
    this.next = next;
    this.exitCode = exitCode;
  }

  public String what() {
    return what;
  }

  public String why() {
    return why;
  }

  public String next() {
    return next;
  }

  public int exitCode() {
    return exitCode;
  }
}
