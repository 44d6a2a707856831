package io.coral.cli;

/// Ends a command with three lines on standard error and an exit code.
final class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String what;
  private final String why;
  private final String next;
  private final int exitCode;

  CommandFailure(int exitCode, String what, String why, String next) {
    super(what + ": " + why, null, false, false);
    this.exitCode = exitCode;
    this.what = what;
    this.why = why;
    this.next = next;
  }

  static CommandFailure of(StartFailure failure) {
    return new CommandFailure(failure.exitCode(), failure.what(), failure.why(), failure.next());
  }

  /// A failure of the command line itself; the next step is to read the help.
  static CommandFailure usage(String what, String why) {
    return new CommandFailure(ExitCode.USAGE, what, why, "coral --help");
  }

  int exitCode() {
    return exitCode;
  }

  /// The three lines, each without a line end inside.
  String lines() {
    return "coral: " + oneLine(what) + "\n  why:  " + oneLine(why) + "\n  next: " + oneLine(next);
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\s*[\\r\\n]+\\s*", "; ").strip();
  }
}
