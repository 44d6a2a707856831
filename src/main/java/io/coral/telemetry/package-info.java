/// Coral's own figures: counters of work and of every loss, gauges, and the OpenMetrics text of
/// `/metrics`.
@NullMarked
package io.coral.telemetry;

import org.jspecify.annotations.NullMarked;
