package io.coral.cli;

import java.util.List;

/// Looks at what this kernel, this user and this machine allow.
public interface DoctorProbe {
  /// Takes seconds at most and changes nothing.
  List<Check> run();

  /// One finding.
  ///
  /// @param name short and stable, such as `privileges`
  /// @param finding what was observed, one line
  /// @param advice what to do, one line; empty when nothing needs doing
  record Check(String name, Status status, String finding, String advice) {}

  enum Status {
    OK,
    /// Works with less than is possible.
    LIMITED,
    MISSING
  }
}
