package io.coral.cli;

import java.time.Clock;
import java.util.Map;

/// What the process gives to a command.
///
/// @param env the environment variables
/// @param clock its zone is the zone of printed times
record CliContext(
    Console console, Map<String, String> env, Clock clock, Servers servers, DoctorProbe doctor) {}
