/// The command line: what a user types, what it prints, and the exit codes.
///
/// In come arguments, the environment and the answers of agents and colonies as Connect JSON
/// over `HttpURLConnection`; out go tables or one JSON document on standard output, and errors
/// in three lines (what failed, why, what to do next) on standard error. Only the JDK, picocli
/// and Gson are used, so that a command that reads starts fast: no class of the server side is
/// loaded here. Commands that start something do it through [io.coral.cli.Servers].
///
/// Everything runs on the thread that called [io.coral.cli.CoralCommand#execute]; a shutdown
/// hook stops what a command had started.
///
/// Start with [io.coral.cli.CoralCommand].
@NullMarked
package io.coral.cli;

import org.jspecify.annotations.NullMarked;
