/// What `/metrics` shows: Coral's own figures (counters of work and of every loss, gauges), and the
/// requests that were counted. Start with [io.coral.telemetry.Figures] and
/// [io.coral.telemetry.RequestSeries].
@NullMarked
package io.coral.telemetry;

import org.jspecify.annotations.NullMarked;
