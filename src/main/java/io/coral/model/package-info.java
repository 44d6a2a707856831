/// The vocabulary of Coral: what was observed, in values that every other package may use.
///
/// Nothing here does I/O, reads a clock or depends on anything but the JDK. Records are immutable
/// and travel by reference between verticles.
///
/// Start with [io.coral.model.Exchange]: one request and its answer.
@NullMarked
package io.coral.model;

import org.jspecify.annotations.NullMarked;
