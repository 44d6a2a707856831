package io.coral.cli;

/// How a command that reads prints; on the command line in lower case.
enum OutputFormat {
  TABLE,
  JSON
}
